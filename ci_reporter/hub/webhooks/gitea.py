"""Events of Gitea and of Forgejo.

Sources: go-gitea/gitea, modules/structs/hook.go and repo_actions.go; Forgejo documentation, "Webhooks", and
modules/structs/action.go. Gitea tells of runs and jobs as GitHub does; Forgejo tells only how a run has ended, and has
events of its own for that.
"""

from __future__ import annotations

from dataclasses import replace

from ci_reporter.hub.runs.run import Key, Run, Status
from ci_reporter.hub.upstream.fields import branch_of, sha, text
from ci_reporter.hub.upstream.nodes.gitea import job_of, run_of
from ci_reporter.hub.webhooks.event import Event, Payload, attempt_of, child, host_of, push_of, run_of_job

_ENDS = ("action_run_failure", "action_run_success", "action_run_recover")


def translate(provider: str, event: str, payload: Payload) -> Event:
    """What an event says; `provider` is `gitea` or `forgejo`."""
    run = child(payload, "workflow_run") or child(payload, "run")
    repository = text(payload, "repository", "full_name") or text(run, "repository", "full_name") or ""
    if not repository:
        return Event(ignored=f"the event {event!r} names no repository")
    if event == "push":
        return push_of(repository, payload)
    if event == "workflow_run" or event in _ENDS:
        return _run(provider, repository, payload, run)
    if event == "workflow_job":
        return _job(provider, repository, payload)
    return Event(repository=repository, ignored=f"nothing here needs the event {event!r}")


def _run(provider: str, repository: str, payload: Payload, node: Payload) -> Event:
    found = run_of(provider, _host(payload, node), repository, node)
    if found is None:
        return Event(repository=repository, ignored="the event has no run")
    word = text(node, "conclusion") or text(node, "status") or ""
    words = (word,) if found.status is Status.UNKNOWN and word else ()
    return Event(repository=repository, runs=(_with_default(found, payload, node),), words=words)


def _job(provider: str, repository: str, payload: Payload) -> Event:
    node = child(payload, "workflow_job")
    number = text(node, "run_id")
    if not number or not text(node, "id"):
        return Event(repository=repository, ignored="the event has no workflow_job")
    key = Key(provider, _host(payload, node), repository, number, attempt_of(node))
    job = job_of(provider, node)
    run = run_of_job(
        key,
        text(payload, "workflow", "name") or number,
        branch=branch_of(node.get("head_branch")),
        revision=sha(node.get("head_sha")),
        jobs=(job,),
    )
    word = text(node, "conclusion") or text(node, "status") or ""
    words = (word,) if job.status is Status.UNKNOWN and word else ()
    return Event(repository=repository, runs=(_with_default(run, payload, node),), words=words)


def _with_default(run: Run, payload: Payload, node: Payload) -> Run:
    default = text(payload, "repository", "default_branch") or text(node, "repository", "default_branch")
    return replace(run, default_branch=default)


def _host(payload: Payload, node: Payload) -> str:
    return host_of(text(payload, "repository", "html_url"), text(node, "html_url"))
