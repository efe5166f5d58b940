"""Events of anybody, in our own words: `{"type": "ci.run", "timestamp": "…", "data": {…}}`.

The envelope is that of Standard Webhooks 1.0.0; `data` has the fields of `Run`, of a push, or of `Deployment`, its
times as RFC 3339.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.run import Job, Key, Run, Status
from ci_reporter.hub.runs.words import status_of
from ci_reporter.hub.upstream.fields import moment_ms, sha, text, web_address
from ci_reporter.hub.webhooks.event import Event, Payload, child, children, move

_PROVIDER = "generic"
_TEXTS = ("branch", "default_branch", "tag", "change", "event", "title", "actor", "environment", "ci_run_id")


def translate(_: str, payload: Payload) -> Event:
    """What an event says."""
    kind, data = text(payload, "type") or "", child(payload, "data")
    repository = text(data, "repository") or ""
    if kind not in _READERS:
        return Event(repository=repository, ignored=f"nothing here needs the event {kind!r}")
    if not repository:
        return Event(ignored="data.repository is missing")
    return _READERS[kind](repository, payload)


def _run(repository: str, payload: Payload) -> Event:
    data = child(payload, "data")
    run_id, word = text(data, "run_id"), text(data, "status") or ""
    if not run_id:
        return Event(repository=repository, ignored="data.run_id is missing")
    percent = data.get("coverage_pct")
    status = status_of(_PROVIDER, word)
    texts: dict[str, Any] = {name: text(data, name) for name in _TEXTS}
    run = Run(
        key=Key(_provider(data), text(data, "host") or "", repository, run_id, _attempt(data)),
        pipeline=text(data, "pipeline") or repository,
        status=status,
        updated_ms=_updated_ms(payload, data),
        revision=sha(data.get("revision")),
        url=web_address(data, "url"),
        coverage_pct=float(percent) if _is_percent(percent) else None,
        jobs=tuple(_job(each) for each in children(data, "jobs") if text(each, "job_id")),
        **texts,
        **_times(data),
    )
    return Event(repository=repository, runs=(run,), words=(word,) if status is Status.UNKNOWN and word else ())


def _job(node: Payload) -> Job:
    times = _times(node)
    known = [each for each in times.values() if each is not None]
    return Job(
        job_id=text(node, "job_id") or "",
        name=text(node, "name") or text(node, "job_id") or "",
        status=status_of(_PROVIDER, text(node, "status")),
        stage=text(node, "stage"),
        url=web_address(node, "url"),
        runner=text(node, "runner"),
        updated_ms=max(known, default=0),
        **times,
    )


def _push(repository: str, payload: Payload) -> Event:
    data = child(payload, "data")
    details = {name: text(data, name) for name in ("actor", "title", "url")}
    found = move(repository, text(data, "ref"), (text(data, "before"), text(data, "after")), details)
    if found is None:
        return Event(repository=repository, ignored="data.ref is missing, or before and after are equal")
    return Event(repository=repository, moves=(found,))


def _deployment(repository: str, payload: Payload) -> Event:
    data = child(payload, "data")
    number, environment = text(data, "deployment_id"), text(data, "environment")
    if not number or not environment:
        return Event(repository=repository, ignored="data.deployment_id or data.environment is missing")
    word = text(data, "status") or ""
    status = status_of(_PROVIDER, word)
    found = Deployment(
        provider=_provider(data),
        host=text(data, "host") or "",
        repository=repository,
        deployment_id=number,
        environment=environment,
        status=status,
        updated_ms=_updated_ms(payload, data),
        revision=sha(data.get("revision")),
        branch=text(data, "branch"),
        actor=text(data, "actor"),
        url=web_address(data, "url"),
        ci_run_id=text(data, "ci_run_id"),
        created_ms=moment_ms(data, "created_at"),
        finished_ms=moment_ms(data, "finished_at"),
    )
    words = (word,) if status is Status.UNKNOWN and word else ()
    return Event(repository=repository, deployments=(found,), words=words)


def _provider(data: Payload) -> str:
    return (text(data, "provider") or _PROVIDER).lower()


def _attempt(data: Payload) -> int:
    found = data.get("attempt")
    return found if isinstance(found, int) and 0 < found < 10_000 else 1


def _is_percent(found: object) -> TypeGuard[float]:
    """Whether it is a number from 0 to 100; an integer may have more digits than any float can hold."""
    return isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found <= 100


def _updated_ms(payload: Payload, data: Payload) -> int:
    return moment_ms(data, "updated_at") or moment_ms(payload, "timestamp") or 0


def _times(node: Payload) -> dict[str, Any]:
    return {f"{name}_ms": moment_ms(node, f"{name}_at") for name in ("queued", "started", "finished")}


_READERS = {"ci.run": _run, "ci.push": _push, "ci.deployment": _deployment}
