"""A run, and a job, as GitHub's API and its webhooks tell them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ci_reporter.hub.runs.run import Job, Key, Run, Status
from ci_reporter.hub.runs.words import status_of
from ci_reporter.hub.upstream.fields import branch_of, moment_ms, sha, text, web_address
from ci_reporter.providers.github import merge_queue


def run_of(host: str, repository: str, node: Mapping[str, Any]) -> Run | None:
    """A run as the API and webhooks tell it; None where it has no id."""
    number, attempt = text(node, "id"), attempt_of(node)
    if number is None:
        return None
    status = status_of("github", text(node, "status"), text(node, "conclusion"))
    updated_ms = moment_ms(node, "updated_at") or moment_ms(node, "created_at") or 0
    changes = node.get("pull_requests")  # of a push, the open pull requests of its branch, which it is not a run of
    is_of_change = (text(node, "event") or "").startswith("pull_request")
    change = text(changes[0], "number") if is_of_change and isinstance(changes, list) and changes else None
    queued = merge_queue(text(node, "head_branch"))
    return Run(
        key=Key("github", host, repository, number, attempt),
        pipeline=text(node, "name") or text(node, "path") or number,
        status=status,
        updated_ms=updated_ms,
        branch=_branch(repository, node),
        revision=sha(node.get("head_sha")),
        change=change or queued.get("change"),
        event=text(node, "event"),
        title=text(node, "display_title"),
        actor=text(node, "triggering_actor", "login") or text(node, "actor", "login"),
        url=web_address(node, "html_url"),
        ci_run_id=f"github-{number}-{attempt}",
        queued_ms=moment_ms(node, "created_at") if attempt == 1 else moment_ms(node, "run_started_at"),
        started_ms=moment_ms(node, "run_started_at"),
        finished_ms=updated_ms if status.is_final else None,
    )


def _branch(repository: str, node: Mapping[str, Any]) -> str | None:
    """The branch; a fork's is named as GitHub shows it, `ada:main`, and is not the `main` of this repository."""
    name, home = branch_of(node.get("head_branch")), text(node, "head_repository", "full_name")
    return f"{home.partition('/')[0]}:{name}" if name and home and home != repository else name


def job_of(node: Mapping[str, Any]) -> Job:
    """A job as the API tells it."""
    started_ms, finished_ms = moment_ms(node, "started_at"), moment_ms(node, "completed_at")
    created_ms = moment_ms(node, "created_at")
    status = status_of("github", text(node, "status"), text(node, "conclusion"))
    return Job(
        job_id=text(node, "id") or "",
        name=text(node, "name") or "",
        status=status,
        queued_ms=created_ms,
        started_ms=None if status is Status.QUEUED else started_ms,
        finished_ms=finished_ms,
        url=web_address(node, "html_url"),
        runner=text(node, "runner_name"),
        updated_ms=finished_ms or started_ms or created_ms or 0,
    )


def attempt_of(node: Mapping[str, Any]) -> int:
    """The number of an attempt, from 1 on."""
    found = node.get("run_attempt")
    return found if isinstance(found, int) and 0 < found < 10_000 else 1
