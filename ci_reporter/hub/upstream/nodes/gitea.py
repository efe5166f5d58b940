"""A run, a job and a task as the APIs and webhooks of Gitea and Forgejo tell them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ci_reporter.hub.runs.run import Job, Key, Run, Status
from ci_reporter.hub.runs.words import status_of
from ci_reporter.hub.upstream.fields import branch_of, change_of, moment_ms, ref, sha, text, web_address

# Gitea's own words, where they are not GitHub's.
_OWN_WORDS = {"waiting": Status.QUEUED, "blocked": Status.WAITING, "cancelling": Status.RUNNING}


def run_of(provider: str, host: str, repository: str, node: Mapping[str, Any]) -> Run | None:
    """A run as the API and webhooks of Gitea and Forgejo tell it; None where it has no id."""
    number = text(node, "id")
    if number is None:
        return None
    status = status_in(provider, node)
    started_ms = moment_ms(node, "started_at") or moment_ms(node, "started")
    ended_ms = moment_ms(node, "completed_at") or moment_ms(node, "stopped")
    created_ms = moment_ms(node, "created_at") or moment_ms(node, "created")
    # Gitea tells the ref behind the workflow's file, and leaves head_branch empty for tags and changes; Forgejo tells
    # `main`, `v1` or `#7`.
    behind = (text(node, "path") or "").partition("@")[2]
    named = node.get("head_branch") or behind or node.get("prettyref")
    tag = ref(behind.removeprefix("refs/tags/")) if behind.startswith("refs/tags/") else None
    attempt = node.get("run_attempt")
    attempt = attempt if isinstance(attempt, int) and 0 < attempt < 10_000 else 1
    return Run(
        key=Key(provider, host, repository, number, attempt),
        pipeline=_workflow(node),
        status=status,
        updated_ms=moment_ms(node, "updated") or ended_ms or started_ms or created_ms or 0,
        branch=None if str(named).startswith("#") else branch_of(named),
        tag=tag,
        revision=sha(node.get("head_sha") or node.get("commit_sha")),
        change=change_of(behind) or change_of(named) or (str(named)[1:] if str(named).startswith("#") else None),
        event=text(node, "event"),
        title=text(node, "display_title") or text(node, "title"),
        actor=text(node, "trigger_actor", "login")
        or text(node, "actor", "login")
        or text(node, "trigger_user", "login"),
        url=web_address(node, "html_url"),
        queued_ms=created_ms,
        started_ms=started_ms,
        finished_ms=ended_ms if status.is_final else None,
    )


def job_of(provider: str, node: Mapping[str, Any]) -> Job:
    """A job as the API and webhooks tell it."""
    started_ms, ended_ms = moment_ms(node, "started_at"), moment_ms(node, "completed_at")
    created_ms = moment_ms(node, "created_at")
    return Job(
        job_id=text(node, "id") or "",
        name=text(node, "name") or "",
        status=status_in(provider, node),
        queued_ms=created_ms,
        started_ms=started_ms,
        finished_ms=ended_ms,
        url=web_address(node, "html_url"),
        runner=text(node, "runner_name"),
        updated_ms=ended_ms or started_ms or created_ms or 0,
    )


def status_in(provider: str, node: Mapping[str, Any]) -> Status:
    """Gitea's runs and jobs speak as GitHub's do; tasks and Forgejo's runs have Gitea's own words.

    There `waiting` is waiting for a runner, which GitHub calls `queued`, and `blocked` is GitHub's `waiting`. Source:
    go-gitea/gitea, services/convert, ToActionsStatus.
    """
    word, conclusion = text(node, "status"), text(node, "conclusion")
    if "conclusion" in node or "run_attempt" in node:
        return status_of(provider, word, conclusion)
    return _OWN_WORDS.get(word or "") or status_of(provider, word)


def job_of_task(provider: str, node: Mapping[str, Any]) -> Job:
    """A task of a server before Gitea 1.24, which lists those alone."""
    status = status_in(provider, node)
    updated_ms = moment_ms(node, "updated_at") or 0
    return Job(
        job_id=text(node, "id") or "",
        name=text(node, "name") or "",
        status=status,
        queued_ms=moment_ms(node, "created_at"),
        started_ms=moment_ms(node, "run_started_at"),
        finished_ms=updated_ms if status.is_final else None,
        updated_ms=updated_ms,
    )


def _workflow(node: Mapping[str, Any]) -> str:
    """The workflow's file, as the run's own steps call it: `ci.yml` of `ci.yml@refs/heads/main`."""
    path = text(node, "workflow_id") or text(node, "path") or text(node, "name") or "actions"
    return path.partition("@")[0].rpartition("/")[2]
