"""Runs, jobs and changes out of the database. `select` is `Tables.select`, or a statement within a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ci_reporter.hub.runs import change
from ci_reporter.hub.runs.change import Change
from ci_reporter.hub.runs.record import COLUMNS, JOB_COLUMNS, Record, job_of, record_of
from ci_reporter.hub.runs.run import Job

Select = Callable[..., Sequence[tuple[Any, ...]]]

_RUN = ", ".join(COLUMNS)
_BY_NAME = f"SELECT {_RUN} FROM run WHERE repository = :repository AND ci_run_id = :ci_run_id"  # noqa: S608
_BY_LINK = "SELECT ci_run_id FROM run WHERE repository = :repository AND link = :link"
_JOBS = f"""
SELECT {", ".join(JOB_COLUMNS)} FROM job WHERE repository = :repository AND ci_run_id = :ci_run_id ORDER BY job_id
"""  # noqa: S608
_LAST = f"""
SELECT {_RUN} FROM run
WHERE repository = :repository AND pipeline = :pipeline AND series_branch = :series_branch
ORDER BY begun_ms DESC LIMIT :count
"""  # noqa: S608
_CHANGES = f"""
SELECT {", ".join(change.COLUMNS)} FROM change WHERE number > :number ORDER BY number LIMIT :count
"""  # noqa: S608
_LAST_NUMBER = "SELECT value FROM change_number WHERE name = 'change'"


def record_at(select: Select, repository: str, ci_run_id: str) -> Record | None:
    """The run of that id, with its jobs; also one whose reports have an id of their own."""
    found = record_named(select, repository, ci_run_id)
    if found is None and (linked := select(_BY_LINK, repository=repository, link=ci_run_id)):
        found = record_named(select, repository, linked[0][0])
    return found


def record_named(select: Select, repository: str, ci_run_id: str) -> Record | None:
    """The run of exactly that id, with its jobs."""
    for row in select(_BY_NAME, repository=repository, ci_run_id=ci_run_id):
        return record_of(row, jobs_of(select, repository, ci_run_id))
    return None


def jobs_of(select: Select, repository: str, ci_run_id: str) -> list[Job]:
    """The jobs of a run, as far as its CI system has told of them."""
    return [job_of(row) for row in select(_JOBS, repository=repository, ci_run_id=ci_run_id)]


def last_runs(select: Select, series: tuple[str, str, str], count: int) -> list[Record]:
    """The last runs of a repository's pipeline on a branch, newest first, without their jobs."""
    repository, pipeline, branch = series
    rows = select(_LAST, repository=repository, pipeline=pipeline, series_branch=branch, count=count)
    return [record_of(row) for row in rows]


def changes_after(select: Select, number: int, count: int) -> list[Change]:
    """At most `count` changes with higher numbers, in their order. Those of long ago are not kept."""
    return [change.change_of(row) for row in select(_CHANGES, number=number, count=count)]


def last_number(select: Select) -> int:
    """The number of the last change."""
    return int(select(_LAST_NUMBER)[0][0])
