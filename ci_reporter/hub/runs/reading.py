"""Runs, jobs and changes out of the database. `select` is `Tables.select`, or a statement within a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

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
LAST = f"""
SELECT {_RUN} FROM run
WHERE repository = :repository AND pipeline = :pipeline AND series_branch = :series_branch
ORDER BY begun_ms DESC LIMIT :count
"""  # noqa: S608
_PLACES = "SELECT repository FROM run WHERE ci_run_id = :ci_run_id ORDER BY repository LIMIT 1000"
_WANTED = {
    "repository": "repository = :repository",
    "pipeline": "pipeline = :pipeline",
    "branch": "(series_branch = :branch OR branch = :branch)",
    "environment": "environment = :environment",
    "since_ms": "begun_ms >= :since_ms",
    "until_ms": "begun_ms < :until_ms",
}
_AFTER = """begun_ms <= :after_begun_ms AND (begun_ms < :after_begun_ms OR ci_run_id < :after_ci_run_id
  OR (ci_run_id = :after_ci_run_id AND repository < :after_repository))"""
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
    rows = select(LAST, repository=repository, pipeline=pipeline, series_branch=branch, count=count)
    return [record_of(row) for row in rows]


class Wanted(NamedTuple):
    """Which runs: each field narrows them, None takes all. `visible` are the repositories that the asker may see.

    `branch` is that of the series or the run's own. A run is at the moment at which it began; `until_ms` is not part.
    """

    repository: str | None = None
    pipeline: str | None = None
    branch: str | None = None
    environment: str | None = None
    states: tuple[str, ...] | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    visible: tuple[str, ...] | None = None


class Place(NamedTuple):
    """A run's place in lists, newest first."""

    begun_ms: int
    ci_run_id: str
    repository: str


def runs(select: Select, wanted: Wanted, count: int, after: Place | None = None) -> list[Record]:
    """At most `count` runs without their jobs, newest first."""
    texts = [text for name, text in _WANTED.items() if getattr(wanted, name) is not None]
    values: dict[str, Any] = {name: getattr(wanted, name) for name in _WANTED if getattr(wanted, name) is not None}
    _narrow("states", "state", wanted.states, texts, values)
    _narrow("visible", "repository", wanted.visible, texts, values)
    if after:
        texts.append(_AFTER)
        values |= {f"after_{name}": value for name, value in after._asdict().items()}
    sql = _page(_RUN, "run", texts, "begun_ms DESC, ci_run_id DESC, repository DESC")
    return [record_of(row) for row in select(sql, **values, count=count)]


def pipelines(
    select: Select, wanted: Wanted, count: int, after: tuple[str, ...] | None = None
) -> list[tuple[str, str, str]]:
    """At most `count` of repository, pipeline and branch of which runs are known, in the order of their names."""
    values: dict[str, Any] = {}
    texts = []
    for name, column in (("repository", "repository"), ("pipeline", "pipeline"), ("branch", "series_branch")):
        if getattr(wanted, name) is not None:
            values[name] = getattr(wanted, name)
            texts.append(f"{column} = :{name}")
    _narrow("visible", "repository", wanted.visible, texts, values)
    if after:
        texts.append("(repository, pipeline, series_branch) > (:after_0, :after_1, :after_2)")
        values |= {f"after_{at}": each for at, each in enumerate(after)}
    return list(select(_page("repository, pipeline, series_branch", "pipeline", texts), **values, count=count))


def place_of(record: Record) -> Place:
    """Where a run is in lists."""
    return Place(record.begun_ms, record.ci_run_id, record.told.key.repository)


def places_of_run(select: Select, ci_run_id: str) -> list[str]:
    """The repositories that have a run of that id."""
    return [name for (name,) in select(_PLACES, ci_run_id=ci_run_id)]


def changes_after(select: Select, number: int, count: int) -> list[Change]:
    """At most `count` changes with higher numbers, in their order. Those of long ago are not kept."""
    return [change.change_of(row) for row in select(_CHANGES, number=number, count=count)]


def last_number(select: Select) -> int:
    """The number of the last change."""
    return int(select(_LAST_NUMBER)[0][0])


def _narrow(name: str, column: str, given: Sequence[str] | None, texts: list[str], values: dict[str, Any]) -> None:
    """Only rows whose column is one of these; none where there are none of these."""
    if given is not None:
        values |= {f"{name}_{at}": each for at, each in enumerate(given)}
        texts.append(f"{column} IN ({', '.join(f':{name}_{at}' for at in range(len(given)))})" if given else "1 = 0")


def _page(columns: str, table: str, texts: Sequence[str], order: str | None = None) -> str:
    where = f"WHERE {' AND '.join(texts)}" if texts else ""
    return f"SELECT {columns} FROM {table} {where} ORDER BY {order or columns} LIMIT :count"  # noqa: S608
