"""Steps: reports as they came, newest first; and the lists of those that tell of a gate or of coverage."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ci_reporter.hub.api import cursor
from ci_reporter.hub.api.route import Query
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store import Row
from ci_reporter.hub.store.reading import Kind, Reading
from ci_reporter.model import Report, rfc3339
from ci_reporter.schema import from_json, to_json

_ONLY_ALONE = ("output_tail",)  # kilobytes each, which a list leaves out


def steps(reading: Reading, query: Query) -> Mapping[str, Any]:
    """The reports of a selection."""
    return _page(reading, query, Kind.ANY, lambda row: _without(step(row), _ONLY_ALONE))


def one_step(reading: Reading, query: Query) -> Mapping[str, Any]:
    """A report by its id, whole. Raises Problem: 404."""
    found = reading.report(query.path["report_id"], query.access.repositories)
    if found is None:
        raise Problem(404, "there is no report with this id")
    return step(found)


def gates(reading: Reading, query: Query) -> Mapping[str, Any]:
    """The verdicts of gates."""
    return _page(reading, query, Kind.GATE, _gate)


def coverage(reading: Reading, query: Query) -> Mapping[str, Any]:
    """What was covered, step by step."""
    return _page(reading, query, Kind.COVERAGE, _coverage)


def report_of(row: Row) -> Report:
    """The report of a row."""
    return from_json(json.loads(row.body))


def step(row: Row) -> dict[str, Any]:
    """A report as it is answered: schema 1, and when it came."""
    flat = to_json(report_of(row)) | {"received_at": rfc3339(row.received_ms / 1000)}
    return flat | {"ci_run_id": row.ci_run_id}


def part(flat: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Some of a step's members."""
    return {name: flat.get(name) for name in names}


def _gate(row: Row) -> dict[str, Any]:
    flat = step(row)
    return part(flat, *("report_id", "ci_run_id", "repository", "pipeline", "step", "environment", "branch")) | part(
        flat, "revision", "run_url", "finished_at", "result", "gate"
    )


def _coverage(row: Row) -> dict[str, Any]:
    flat = step(row)
    return part(flat, *("report_id", "ci_run_id", "repository", "pipeline", "job_name", "step", "branch")) | {
        **part(flat, "revision", "coverage_pct", "coverage"),
        "finished_at": rfc3339(row.at_ms / 1000),
    }


def _page(reading: Reading, query: Query, kind: Kind, item: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    count = query.values["per_page"]
    rows = reading.reports(query.selection(), count + 1, cursor.position(query), kind)
    return paged(query, rows, count, [item(row) for row in rows[:count]])


def paged(query: Query, rows: Sequence[Row], count: int, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A page; `rows` has one more than it where there is a next one."""
    following = cursor.encode(query, rows[count - 1].position) if len(rows) > count else None
    return {"items": items, "next_cursor": following}


def _without(flat: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in flat.items() if name not in names}
