"""GitHub's events. Source: github/docs, "Webhook events and payloads".

A run's object is the same as the API's, so one function reads both. A push of a tag comes as `push`, too; `create` and
`delete` say nothing more.
"""

from __future__ import annotations

from dataclasses import replace

from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.record import usual_name
from ci_reporter.hub.runs.run import Key, Run, Status
from ci_reporter.hub.runs.words import status_of
from ci_reporter.hub.upstream.fields import moment_ms, sha, text, web_address
from ci_reporter.hub.upstream.nodes.github import job_of, run_of
from ci_reporter.hub.webhooks.event import Event, Payload, attempt_of, child, host_of, push_of, run_of_job

_PROVIDER = "github"


def translate(event: str, payload: Payload) -> Event:
    """What an event says."""
    repository = text(payload, "repository", "full_name") or ""
    if event == "ping":
        return Event(repository=repository, ignored="GitHub asks whether somebody is there")
    read = _READERS.get(event)
    if read is None or not repository:
        return Event(repository=repository, ignored=f"nothing here needs the event {event!r}")
    return read(repository, payload)


def _run(repository: str, payload: Payload) -> Event:
    node = child(payload, "workflow_run")
    # The run's own name may be a text that the workflow makes for each run.
    named = {**node, "name": text(payload, "workflow", "name") or text(node, "name")}
    found = run_of(_host(payload), repository, named)
    if found is None:
        return Event(repository=repository, ignored="the event has no workflow_run")
    run = _with_default(found, payload)
    return Event(repository=repository, runs=(run,), words=_words(run.status, node))


def _job(repository: str, payload: Payload) -> Event:
    node = child(payload, "workflow_job")
    number = text(node, "run_id")
    if not number or not text(node, "id"):
        return Event(repository=repository, ignored="the event has no workflow_job")  # null has been seen
    key = Key(_PROVIDER, _host(payload), repository, number, attempt_of(node))
    job = job_of(node)
    run = run_of_job(
        key,
        text(node, "workflow_name") or number,
        branch=text(node, "head_branch"),
        revision=sha(node.get("head_sha")),
        jobs=(job,),
    )
    return Event(repository=repository, runs=(_with_default(run, payload),), words=_words(job.status, node))


def _deployment(repository: str, payload: Payload) -> Event:
    node, status = child(payload, "deployment"), child(payload, "deployment_status")
    number, environment = text(node, "id"), text(status, "environment") or text(node, "environment")
    if not number or not environment:
        return Event(repository=repository, ignored="the event has no deployment")
    word = text(status, "state") or "queued"
    if word == "inactive":
        return Event(repository=repository, ignored="a later deployment took its place")
    ours = Status.ERROR if word == "error" else status_of(_PROVIDER, word)
    updated_ms = moment_ms(status, "updated_at") or moment_ms(node, "updated_at") or 0
    host, by_run = _host(payload), child(payload, "workflow_run")
    run_id = text(by_run, "id")
    key = Key(_PROVIDER, host, repository, run_id or "", attempt_of(by_run))
    found = Deployment(
        provider=_PROVIDER,
        host=host,
        repository=repository,
        deployment_id=number,
        environment=environment,
        status=ours,
        updated_ms=updated_ms,
        revision=sha(node.get("sha")),
        branch=text(node, "ref"),
        actor=text(node, "creator", "login"),
        url=web_address(status, "log_url") or web_address(status, "target_url"),
        ci_run_id=usual_name(key) if run_id else None,
        created_ms=moment_ms(node, "created_at"),
        finished_ms=updated_ms if ours.is_final else None,
    )
    return Event(repository=repository, deployments=(found,), words=_words(ours, {"status": word}))


def _with_default(run: Run, payload: Payload) -> Run:
    return replace(run, default_branch=text(payload, "repository", "default_branch"))


def _words(status: Status, node: Payload) -> tuple[str, ...]:
    word = text(node, "conclusion") or text(node, "status")
    return (word,) if status is Status.UNKNOWN and word else ()


def _host(payload: Payload) -> str:
    return host_of(text(payload, "repository", "html_url")) or "github.com"


_READERS = {
    "push": push_of,
    "workflow_run": _run,
    "workflow_job": _job,
    "deployment": _deployment,
    "deployment_status": _deployment,
}
