"""Runs: an attempt of a pipeline, as its CI system tells it and as the reports of its steps do.

A run is at the moment at which it began. That place stays while it goes on, so no page shows it twice or leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ci_reporter.hub.api import cursor
from ci_reporter.hub.api.route import Query
from ci_reporter.hub.api.steps import step
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.runs import reading as stored
from ci_reporter.hub.runs.reading import Place, Wanted
from ci_reporter.hub.runs.record import WORST_FIRST, Record
from ci_reporter.hub.runs.run import Job, Status
from ci_reporter.hub.store import Row
from ci_reporter.hub.store.reading import Reading
from ci_reporter.model import Result, rfc3339

_TOLD = ("pipeline", "branch", "tag", "revision", "change", "event", "title", "actor", "environment")


def runs(reading: Reading, query: Query) -> Mapping[str, Any]:
    """The runs that are asked for."""
    count = query.values["per_page"]
    place = cursor.place(query, (int, str, str))
    found = stored.runs(reading.select, wanted(query), count + 1, Place(*place) if place else None)
    following = cursor.encode(query, stored.place_of(found[count - 1])) if len(found) > count else None
    return {"items": [run(each) for each in found[:count]], "next_cursor": following}


def one_run(reading: Reading, query: Query) -> Mapping[str, Any]:
    """A run with its jobs and its steps. Raises Problem: 404, 409."""
    found = run_named(reading, query, query.path["ci_run_id"])
    rows = steps_of(reading, found)
    return run(found) | {"jobs": [_job(each) for each in found.told.jobs], "steps": [step(row) for row in rows]}


def run_named(reading: Reading, query: Query, ci_run_id: str) -> Record:
    """The run of that id. Raises Problem: 404 none, 409 several repositories have one."""
    visible, wanted = query.access.repositories, query.values.get("repository")
    places = [each for each in stored.places_of_run(reading.select, ci_run_id) if visible is None or each in visible]
    if wanted is not None and (visible is None or wanted in visible):
        places = [wanted]  # also by the usual name of a run whose reports have an id of their own
    if len(places) > 1:
        raise Problem(
            409, f"{len(places)} repositories have a run with this id: name the repository", field="repository"
        )
    found = stored.record_at(reading.select, places[0], ci_run_id) if places else None
    if found is None or wanted not in (None, found.told.key.repository):
        raise Problem(404, f"there is no run with the id {ci_run_id!r}" + (" in this repository" if wanted else ""))
    return found


def steps_of(reading: Reading, record: Record) -> list[Row]:
    """The reports of a run's steps, oldest first."""
    key = record.told.key.repository, record.ci_run_id
    return reading.steps_of_runs([key])[key]


def run(record: Record) -> dict[str, Any]:
    """A run as it is answered; `result` is null while it is not over."""
    told, steps = record.told, record.steps
    state = record.state
    return {
        "ci_run_id": record.ci_run_id,
        "provider": told.key.provider or None,
        "repository": told.key.repository or None,
        **{name: getattr(told, name) or None for name in _TOLD},
        "run_url": told.url,
        "status": str(state),
        "result": result_of(state),
        "results": {str(result): count for result, count in steps.results.items()},
        "step_count": steps.count,
        "queued_at": moment(told.queued_ms),
        "started_at": moment(record.started_ms),
        "finished_at": moment(record.finished_ms),
        "duration_ms": record.duration_ms,
        "coverage_pct": steps.coverage_pct if told.coverage_pct is None else told.coverage_pct,
    }


def result_of(state: Status) -> str | None:
    """The result of a run that is over."""
    return str(state) if state.is_final else None


def moment(at_ms: int | None) -> str | None:
    """A time as it is answered."""
    return None if at_ms is None else rfc3339(at_ms / 1000)


def times(rows: Sequence[Row]) -> dict[str, Any]:
    """When the first step began, when the last one ended, and what lies between; the start may be unknown."""
    finished_ms = max(row.at_ms for row in rows)
    starts_ms = [_start_ms(row) for row in rows]
    known_ms = [start_ms for start_ms in starts_ms if start_ms is not None]
    started_ms = min(known_ms) if len(known_ms) == len(rows) else None
    return {
        "started_at": None if started_ms is None else rfc3339(max(started_ms, 0) / 1000),
        "finished_at": rfc3339(finished_ms / 1000),
        "duration_ms": None if started_ms is None else finished_ms - started_ms,
    }


def worst(rows: Sequence[Row]) -> str:
    """The result of the whole: the worst that a step had; `skip` only where all were skipped."""
    found = {row.result for row in rows}
    return next(result for result in WORST_FIRST if result in found)


def wanted(query: Query) -> Wanted:
    """The runs, or pipelines, that are asked for."""
    values = query.values
    words = [values[name] for name in ("result", "status") if values.get(name) is not None]
    return Wanted(
        repository=values.get("repository"),
        pipeline=values.get("pipeline"),
        branch=values.get("branch"),
        environment=values.get("environment"),
        states=tuple({*words}) if len({*words}) < 2 and words else () if words else None,
        since_ms=values.get("since"),
        until_ms=values.get("until"),
        visible=query.access.repositories,
    )


def _job(job: Job) -> dict[str, Any]:
    times_ms = {"queued_at": job.queued_ms, "started_at": job.started_ms, "finished_at": job.finished_ms}
    is_over = job.started_ms is not None and job.finished_ms is not None
    return {
        "job_id": job.job_id,
        "name": job.name,
        "stage": job.stage,
        "status": str(job.status),
        **{name: moment(at_ms) for name, at_ms in times_ms.items()},
        "duration_ms": max((job.finished_ms or 0) - (job.started_ms or 0), 0) if is_over else None,
        "job_url": job.url,
        "runner": job.runner,
    }


def _start_ms(row: Row) -> int | None:
    """When a step began; what was skipped took no time."""
    if row.duration_ms is None:
        return row.at_ms if row.result == Result.SKIP else None
    return row.at_ms - row.duration_ms
