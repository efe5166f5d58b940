"""The run that made GitHub start this one: what a workflow `on: workflow_run` is told of it.

Source: github/docs, "Webhook events and payloads", `workflow_run`. GitHub wrote the event, so it can be trusted in what
that run was; not in names that its author chose, such as the branch of a fork, which may be called `main`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ci_reporter.errors import UsageError
from ci_reporter.model import Run
from ci_reporter.providers import Env, ReadFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LARGEST_ATTEMPT = 10_000


def triggering_run(env: Env, read_file: ReadFile) -> tuple[Run, str]:
    """The run, without any job, and when it started. Raises UsageError outside of such a workflow."""
    event = _event(env, read_file)
    run = event.get("workflow_run")
    number = run.get("id") if isinstance(run, dict) else None
    if not isinstance(run, dict) or not isinstance(number, int):
        raise UsageError("this works in a GitHub workflow `on: workflow_run`, whose event names another run")
    attempt = run.get("run_attempt")
    attempt = attempt if isinstance(attempt, int) and 0 < attempt < _LARGEST_ATTEMPT else 1
    repository = _text(event.get("repository"), "full_name") or env.get("GITHUB_REPOSITORY")
    own = _text(run.get("head_repository"), "full_name") == repository
    changes = run.get("pull_requests")
    change = (
        changes[0].get("number") if isinstance(changes, list) and changes and isinstance(changes[0], dict) else None
    )
    found = Run(
        ci_run_id=f"github-{number}-{attempt}",
        provider="github",
        repository=repository,
        repository_url=_text(event.get("repository"), "html_url"),
        default_branch=_text(event.get("repository"), "default_branch"),
        pipeline=_text(run, "name"),
        pipeline_id=str(number),
        attempt=str(attempt),
        run_url=_text(run, "html_url"),
        branch=_text(run, "head_branch") if own else None,
        revision=_text(run, "head_sha"),
        change=str(change) if isinstance(change, int) else None,
        actor=_text(run.get("actor"), "login"),
        event=_text(run, "event"),
    )
    return found, _text(run, "run_started_at") or ""


def _event(env: Env, read_file: ReadFile) -> Mapping[str, Any]:
    try:
        event = json.loads(read_file(env.get("GITHUB_EVENT_PATH", "")))
    except (OSError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _text(node: object, key: str) -> str | None:
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, str) else None
