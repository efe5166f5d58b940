"""Deployments that CI systems told of, in the words of the API, beside those that jobs have reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ci_reporter.hub.api.masking import masked
from ci_reporter.hub.page.rendering import kind
from ci_reporter.hub.page.view import Visit
from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.deployments import newest_deployments
from ci_reporter.hub.runs.reading import Select
from ci_reporter.model import rfc3339

_MOST = 200
_OUTCOMES = {"good": "success", "bad": "failure"}
Flat = Mapping[str, Any]


def with_told(select: Select, visit: Visit, reported: Sequence[Flat]) -> list[Flat]:
    """Both, newest first. A run that has reported its deployment tells more of it than its CI system does."""
    known = {(each["repository"], each["environment"], each["ci_run_id"]) for each in reported}
    asked = visit.some("repository", "environment")
    told = [
        masked(_flat(each))
        for each in newest_deployments(select, _MOST)
        if visit.access.sees(each.repository)
        and (each.repository, each.environment, each.ci_run_id) not in known
        and all(getattr(each, name) == value for name, value in asked.items())
    ]
    return sorted([*reported, *told], key=lambda each: str(each["finished_at"]), reverse=True)


def _flat(found: Deployment) -> dict[str, Any]:
    ended_ms = found.updated_ms if found.finished_ms is None else found.finished_ms
    took_ms = None if found.finished_ms is None or found.created_ms is None else found.finished_ms - found.created_ms
    names = ("repository", "environment", "ci_run_id", "branch", "revision", "actor")
    return {
        **{name: getattr(found, name) for name in names},
        "run_url": found.url,
        "outcome": _OUTCOMES.get(kind(found.status)),
        "verdict": None,
        "result": str(found.status),
        "started_at": None if found.created_ms is None else rfc3339(found.created_ms / 1000),
        "finished_at": rfc3339(ended_ms / 1000),
        "duration_ms": took_ms,
    }
