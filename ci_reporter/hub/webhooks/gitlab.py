"""GitLab's events. Source: GitLab documentation, "Webhook events".

Times come as `2016-08-12 15:23:28 UTC`, as `2021-04-28 21:50:00 +0200`, and as ISO 8601. A pipeline's event has no time
of its own change: the latest time in it stands for it. A job's event names its pipeline by number alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.run import Key, Run, Status
from ci_reporter.hub.runs.words import status_of
from ci_reporter.hub.upstream.fields import branch_of, duration_ms, moment_ms, sha, text, web_address
from ci_reporter.hub.upstream.nodes.gitlab import job_of, run_of
from ci_reporter.hub.webhooks.event import Event, Payload, child, children, host_of, push_of, run_of_job

_PROVIDER = "gitlab"
_OFFSET = re.compile(r" (?:UTC|([+-]\d\d:?\d\d))$")
_TIMES = ("created_at", "started_at", "finished_at")
_OF_JOB = {
    "id": "build_id",
    "name": "build_name",
    "stage": "build_stage",
    "status": "build_status",
    "created_at": "build_created_at",
    "started_at": "build_started_at",
    "finished_at": "build_finished_at",
    "queued_duration": "build_queued_duration",
    "failure_reason": "build_failure_reason",
    "runner": "runner",
}


def translate(_: str, payload: Payload) -> Event:
    """What an event says; its kind is in the payload, too, and there it is the same for system hooks."""
    repository = text(payload, "project", "path_with_namespace") or _from_address(payload)
    kind = text(payload, "object_kind") or text(payload, "event_name") or ""
    read = _READERS.get(kind)
    if read is None or not repository:
        return Event(repository=repository, ignored=f"nothing here needs the event {kind!r}")
    return read(repository, payload)


def _pipeline(repository: str, payload: Payload) -> Event:
    node = _with_times(child(payload, "object_attributes"))
    jobs = [_with_times(each) for each in children(payload, "builds")]
    times_ms = [moment_ms(each, name) or 0 for each in (node, *jobs) for name in _TIMES]
    known = {"web_url": node.get("url"), "user": child(payload, "user")}
    found = run_of(_host(payload), repository, {**node, **known})
    if found is None:
        return Event(repository=repository, ignored="the event has no pipeline")
    waited_ms, created_ms = duration_ms(node, "queued_duration"), moment_ms(node, "created_at")
    parent = text(payload, "source_pipeline", "pipeline_id")
    run = replace(
        found,
        updated_ms=max(times_ms, default=0),
        branch=text(payload, "merge_request", "source_branch") or found.branch,
        default_branch=text(payload, "project", "default_branch"),
        change=text(payload, "merge_request", "iid") or found.change,
        title=(text(payload, "commit", "title") or text(payload, "commit", "message") or "").partition("\n")[0] or None,
        queued_ms=created_ms,
        started_ms=created_ms + waited_ms if created_ms is not None and waited_ms is not None else None,
        parent_run_id=parent,
        jobs=tuple(job_of(each) for each in jobs if text(each, "id")),
    )
    return Event(repository=repository, runs=(run,), words=tuple(_words(run, node, jobs)))


def _job(repository: str, payload: Payload) -> Event:
    number = text(payload, "pipeline_id")
    node = _with_times({ours: payload.get(theirs) for ours, theirs in _OF_JOB.items()})
    if not number or not text(node, "id"):
        return Event(repository=repository, ignored="the event has no job")
    if node["status"] != "failed":
        node["failure_reason"] = None  # it is `unknown_failure` of every job that has not failed
    host = _host(payload)
    job = job_of(node)
    page = f"{text(payload, 'project', 'web_url') or text(payload, 'repository', 'homepage')}/-/jobs/{job.job_id}"
    run = run_of_job(
        Key(_PROVIDER, host, repository, number, 1),
        repository,
        branch=None if payload.get("tag") is True else branch_of(payload.get("ref")),
        revision=sha(payload.get("sha")),
        jobs=(replace(job, url=web_address({"url": page}, "url")),),
    )
    return Event(repository=repository, runs=(run,), words=tuple(_words(None, {}, [node])))


def _deployment(repository: str, payload: Payload) -> Event:
    number, environment = text(payload, "deployment_id"), text(payload, "environment")
    word = text(payload, "status") or ""
    if not number or not environment:
        return Event(repository=repository, ignored="the event has no deployment")
    status = Status.WAITING if word == "blocked" else status_of(_PROVIDER, word)
    updated_ms = moment_ms(_with_times(payload, "status_changed_at"), "status_changed_at") or 0
    found = Deployment(
        provider=_PROVIDER,
        host=_host(payload),
        repository=repository,
        deployment_id=number,
        environment=environment,
        status=status,
        updated_ms=updated_ms,
        # Only the address has the whole hash.
        revision=sha((text(payload, "commit_url") or "").rpartition("/")[2]),
        branch=text(payload, "ref"),
        actor=text(payload, "user", "username"),
        url=web_address(payload, "deployable_url"),
        finished_ms=updated_ms if status.is_final else None,
    )
    words = (word,) if status is Status.UNKNOWN and word else ()
    return Event(repository=repository, deployments=(found,), words=words)


def _words(run: Run | None, node: Payload, jobs: list[dict[str, Any]]) -> Iterator[str]:
    nodes = [*jobs, *([node] if run else [])]
    for each in nodes:
        word = text(each, "status")
        if word and status_of(_PROVIDER, word) is Status.UNKNOWN:
            yield word


def _with_times(node: Payload, *names: str) -> dict[str, Any]:
    """The times as ISO 8601."""
    times: Mapping[str, Any] = {name: node.get(name) for name in names or _TIMES}
    iso = {
        name: _OFFSET.sub(lambda found: found[1] or "Z", each) for name, each in times.items() if isinstance(each, str)
    }
    return {**node, **iso}


def _from_address(payload: Payload) -> str:
    """The project's path where a job's event has no project: its name there has spaces, `acme / shop`."""
    host, _, path = (text(payload, "repository", "homepage") or "").partition("//")[2].partition("/")
    return path if host else ""


def _host(payload: Payload) -> str:
    return host_of(text(payload, "project", "web_url"), text(payload, "repository", "homepage"))


_READERS = {
    "pipeline": _pipeline,
    "build": _job,
    "push": push_of,
    "tag_push": push_of,
    "deployment": _deployment,
}
