"""Runs: the steps of one `ci_run_id` in one repository, as one. A run has its place by the end of its first step.

That place stays where it is while further steps come, so no page shows a run twice or leaves it out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ci_reporter.hub.api import cursor
from ci_reporter.hub.api.route import Query
from ci_reporter.hub.api.steps import report_of, step
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store import Position, Row
from ci_reporter.hub.store.reading import Kind, Reading, Selection
from ci_reporter.model import Result, rfc3339

_WORST_FIRST = (Result.ERROR, Result.TIMEOUT, Result.FAILURE, Result.CANCELLATION, Result.SUCCESS, Result.SKIP)
_COVERED = re.compile(r'"coverage_pct"\s*:\s*\d')
_MOST_LOOKED_AT = 1000  # runs, for one page of those with a result


def runs(reading: Reading, query: Query) -> Mapping[str, Any]:
    """The runs of a selection. With `result` a page may have fewer items than asked for, and still a next one."""
    count, result = query.values["per_page"], query.values.get("result")
    items: list[dict[str, Any]] = []
    last: Position | None = None
    found = _runs(reading, query.selection()._replace(result=None), cursor.position(query), count)
    for looked_at, (first, run_steps) in enumerate(found):
        if len(items) == count or looked_at == _MOST_LOOKED_AT:
            return {"items": items, "next_cursor": last and cursor.encode(query, last)}
        last = first.position
        if result is None or worst(run_steps) == result:
            items.append(run(run_steps))
    return {"items": items, "next_cursor": None}


def one_run(reading: Reading, query: Query) -> Mapping[str, Any]:
    """A run with its steps. Raises Problem: 404, 409."""
    rows = steps_of(reading, query, query.path["ci_run_id"])
    return run(rows) | {"steps": [step(row) for row in rows]}


def steps_of(reading: Reading, query: Query, ci_run_id: str) -> list[Row]:
    """The steps of the run of that id, oldest first. Raises Problem: 404 none, 409 several repositories have one."""
    places = reading.repositories_of_run(ci_run_id, query.access.repositories)
    wanted = query.values.get("repository")
    found = [place for place in places if wanted in (None, place)]
    if not found:
        raise Problem(404, f"there is no run with the id {ci_run_id!r}" + (" in this repository" if wanted else ""))
    if len(found) > 1:
        raise Problem(
            409, f"{len(found)} repositories have a run with this id: name the repository", field="repository"
        )
    key = (found[0], ci_run_id)
    return reading.steps_of_runs([key])[key]


def last_runs(reading: Reading, selection: Selection, count: int) -> list[list[Row]]:
    """The steps of the runs of a repository that have reported last, without bodies."""
    runs = [(selection.repository or "", each) for each in reading.last_run_ids(selection, count)]
    return list(reading.steps_of_runs(runs, bodies=False).values())


def run(rows: Sequence[Row]) -> dict[str, Any]:
    """A run as it is answered. `rows` are its steps, oldest first; what the first does not know the last may.

    To read a report takes much longer than to find it, so of a run's reports few are read.
    """
    ends = [report_of(row).run for row in dict.fromkeys((rows[0], rows[-1]))]
    known = {
        name: next((value for each in ends if (value := getattr(each, name)) is not None), None)
        for name in ("repository", "pipeline", "branch", "revision", "change", "event", "run_url")
    }
    return {
        "ci_run_id": rows[0].ci_run_id,
        **known,
        "result": worst(rows),
        "results": dict(Counter(row.result for row in rows)),
        "step_count": len(rows),
        **times(rows),
        "coverage_pct": next(
            (report_of(row).coverage_pct for row in reversed(rows) if _COVERED.search(row.body)), None
        ),
    }


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
    return next(result for result in _WORST_FIRST if result in found)


def _runs(
    reading: Reading, selection: Selection, after: Position | None, count: int
) -> Iterator[tuple[Row, list[Row]]]:
    """The first step of each run with all steps of the run, newest run first."""
    while True:
        firsts = reading.reports(selection, count + 1, after, Kind.FIRST_OF_RUN)
        found = reading.steps_of_runs([_key(first) for first in firsts])
        yield from ((first, found[_key(first)]) for first in firsts)
        if len(firsts) <= count:
            return
        after = firsts[-1].position


def _start_ms(row: Row) -> int | None:
    """When a step began; what was skipped took no time."""
    if row.duration_ms is None:
        return row.at_ms if row.result == Result.SKIP else None
    return row.at_ms - row.duration_ms


def _key(row: Row) -> tuple[str, str]:
    return row.series[0], row.ci_run_id or ""
