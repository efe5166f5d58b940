"""What others say of a run, as every database can hold it: upstream's names are chosen by whoever pushes a branch."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from ci_reporter.hub.runs.change import Change
from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.run import Job, Key, Run
from ci_reporter.hub.store.bounds import bounded
from ci_reporter.providers import one_line
from ci_reporter.system.addresses import public_url

_MOST_JOBS = 2_000  # of one run
_MOST_MS = 253_402_300_799_000  # the year 9999: a time beyond it is a mistake
_NAMES = (
    "pipeline",
    "branch",
    "ci_run_id",
    "job_id",
    "repository",
    "environment",
    "deployment_id",
)  # what is looked up


def clean(seen: Run) -> Run:
    """Texts of one line, addresses without passwords, times and shares that can be."""
    names = {name: bounded(one_line(value)) for name, value in seen.key._asdict().items() if name != "attempt"}
    key = Key(**names, attempt=seen.key.attempt)
    covered = seen.coverage_pct if seen.coverage_pct is not None and 0 <= seen.coverage_pct <= 100 else None
    jobs = tuple(replace(job, **_values(job)) for job in seen.jobs[:_MOST_JOBS])
    return replace(seen, key=key, coverage_pct=covered, jobs=jobs, **_values(seen))


def clean_values(seen: Deployment) -> Deployment:
    """The same of a deployment."""
    return replace(seen, **_values(seen))


def _values(seen: Run | Job | Deployment) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in (each.name for each in fields(seen)):
        value = getattr(seen, name)
        if name.endswith("_ms"):
            found[name] = None if value is None else min(max(value, 0), _MOST_MS)
        elif name == "url":
            found[name] = None if value is None else _address(one_line(value))
        elif isinstance(value, str) and name != "status":
            found[name] = bounded(one_line(value)) if name in _NAMES else one_line(value)
    return found


def _address(text: str) -> str | None:
    """A page that a browser may open by a click; anything else than HTTP may be a script."""
    return public_url(text) if text.lower().startswith(("http://", "https://")) else None


def clean_move(seen: Change) -> Change:
    """A push or a tag as the database can hold it."""
    body = {one_line(name): one_line(each) if isinstance(each, str) else each for name, each in seen.body.items()}
    if "url" in body:
        body["url"] = _address(str(body["url"])) or ""
    return replace(
        seen,
        repository=bounded(one_line(seen.repository)),
        subject=bounded(one_line(seen.subject)),
        was=one_line(seen.was) if seen.was else None,
        became=one_line(seen.became) if seen.became else None,
        body=body,
    )
