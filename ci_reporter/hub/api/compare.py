"""Two runs, step by step: results, durations, coverage, and the tests that fail now and did not before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ci_reporter.hub.api.route import Query
from ci_reporter.hub.api.runs import run, run_named, steps_of
from ci_reporter.hub.api.steps import report_of
from ci_reporter.hub.store import Row
from ci_reporter.hub.store.reading import Reading
from ci_reporter.model import Report


def compare(reading: Reading, query: Query) -> Mapping[str, Any]:
    """What is different in the run `head`. A step of the same name that came twice is the later one. Raises Problem."""
    base, head = (run_named(reading, query, query.values[name]) for name in ("base", "head"))
    before, now = (_by_name(steps_of(reading, each)) for each in (base, head))
    names = sorted({*before, *now})
    items = [_difference(name, before.get(name), now.get(name)) for name in names]
    return {"base": run(base), "head": run(head), "items": items}


def _by_name(rows: Sequence[Row]) -> dict[tuple[str, str], Report]:
    """The reports by job and step; `rows` are oldest first."""
    return {(row.series[2], row.series[3]): report_of(row) for row in rows}


def _difference(name: tuple[str, str], base: Report | None, head: Report | None) -> dict[str, Any]:
    before, now = _side(base), _side(head)
    return {
        "ci_job": name[0],
        "step": name[1],
        "base": before,
        "head": now,
        "duration_change_ms": _change(before["duration_ms"], now["duration_ms"]),
        "coverage_change_points": _change(before["coverage_pct"], now["coverage_pct"]),
        "newly_failed_tests": _only_in(head, base),
        "fixed_tests": _only_in(base, head),
    }


def _side(report: Report | None) -> dict[str, Any]:
    if report is None:
        return {"result": None, "duration_ms": None, "coverage_pct": None}
    return {
        "result": report.step.result,
        "duration_ms": report.step.duration_ms,
        "coverage_pct": report.coverage_pct,
    }


def _change(base: float | None, head: float | None) -> float | None:
    return None if base is None or head is None else round(head - base, 6)


def _only_in(report: Report | None, other: Report | None) -> list[str]:
    """Failed tests that the other run's step does not name, where both have counted tests and named all that failed."""
    if report is None or other is None or report.tests is None or other.tests is None:
        return []
    if other.tests.failed + other.tests.errors > len(other.failed_tests):
        return []
    return sorted({*report.failed_tests} - {*other.failed_tests})
