"""A pipeline, and a job, as GitLab's API and its webhooks tell them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ci_reporter.http.gitlab import word_of
from ci_reporter.hub.runs.run import Job, Key, Run, Status
from ci_reporter.hub.runs.words import status_of
from ci_reporter.hub.upstream.fields import (
    branch_of,
    change_of,
    duration_ms,
    moment_ms,
    ref,
    sha,
    text,
    web_address,
)


def run_of(host: str, target: str, node: Mapping[str, Any]) -> Run | None:
    """A pipeline as the API tells it; None where it has no id."""
    number = text(node, "id")
    if number is None:
        return None
    status = status_of("gitlab", text(node, "status"))
    created_ms, started_ms = moment_ms(node, "created_at"), moment_ms(node, "started_at")
    is_tag = node.get("tag") is True
    coverage = text(node, "coverage")
    return Run(
        key=Key("gitlab", host, target, number, 1),
        pipeline=text(node, "name") or target,
        status=status,
        updated_ms=moment_ms(node, "updated_at") or created_ms or 0,
        branch=None if is_tag else branch_of(node.get("ref")),
        tag=ref(node.get("ref")) if is_tag else None,
        revision=sha(node.get("sha")),
        change=change_of(node.get("ref")),
        event=text(node, "source"),
        actor=text(node, "user", "username"),
        url=web_address(node, "web_url"),
        ci_run_id=f"gitlab-{number}",
        queued_ms=_queued_ms(node, created_ms, started_ms),
        started_ms=started_ms,
        finished_ms=moment_ms(node, "finished_at") if status.is_final else None,
        coverage_pct=_percent(coverage),
    )


def job_of(node: Mapping[str, Any]) -> Job:
    """A job, or a bridge, as the API tells it."""
    word = word_of(text(node, "status") or "", text(node, "failure_reason"))
    ours = {"timed_out": Status.TIMEOUT, "error": Status.ERROR}.get(word)
    created_ms, started_ms = moment_ms(node, "created_at"), moment_ms(node, "started_at")
    finished_ms = moment_ms(node, "finished_at")
    return Job(
        job_id=text(node, "id") or "",
        name=text(node, "name") or "",
        status=ours or status_of("gitlab", word),
        stage=text(node, "stage"),
        queued_ms=_queued_ms(node, created_ms, started_ms),
        started_ms=started_ms,
        finished_ms=finished_ms,
        url=web_address(node, "web_url"),
        runner=text(node, "runner", "description"),
        updated_ms=finished_ms or started_ms or created_ms or 0,
    )


def _queued_ms(node: Mapping[str, Any], created_ms: int | None, started_ms: int | None) -> int | None:
    """When it began to wait: a job waits for its stage first, and only then for a runner (`queued_duration`)."""
    waited_ms = duration_ms(node, "queued_duration")
    return started_ms - waited_ms if started_ms is not None and waited_ms is not None else created_ms


def _percent(text_: str | None) -> float | None:
    """The coverage is a text, `"91.5"`, or null."""
    try:
        found = float(text_ or "nan")
    except ValueError:
        return None
    return found if 0 <= found <= 100 else None
