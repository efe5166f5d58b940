"""Tests: which of them failed, were flaky or slow, as far as reports name them.

A report names at most ten tests of each kind, and none that passed. So a count here is "named so often", and nothing is
said of tests that no report names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ci_reporter.hub.api import cursor
from ci_reporter.hub.api.route import Query
from ci_reporter.hub.api.steps import part, report_of, step
from ci_reporter.hub.api.window import window
from ci_reporter.hub.store import Position, Row
from ci_reporter.hub.store.reading import Kind, Reading
from ci_reporter.model import Report, rfc3339

_DAYS = 14
_MOST_REPORTS = 1000
ORDERS = ("failed", "flaky", "slowest")


@dataclass(kw_only=True)
class _Test:
    """What was said of a test."""

    repository: str | None
    name: str
    last_seen_ms: int
    failed: int = 0
    flaky: int = 0
    slowest_ms: int | None = None

    def figure(self, order: str) -> int:
        """What it is sorted by; 0 where nothing was said."""
        return {"failed": self.failed, "flaky": self.flaky, "slowest": self.slowest_ms or 0}[order]


def tests(reading: Reading, query: Query) -> Mapping[str, Any]:
    """The tests that reports name most often, or with the longest time, over a window."""
    since_ms, until_ms = window(query, _DAYS)
    selection = query.selection()._replace(since_ms=since_ms, until_ms=until_ms)
    rows = reading.reports(selection, _MOST_REPORTS + 1, None, Kind.TESTS)
    complete = len(rows) <= _MOST_REPORTS
    if not complete:
        since_ms = rows[_MOST_REPORTS].at_ms
    rows = rows[:_MOST_REPORTS]
    order = query.values["order"]
    wanted = [each for each in _tests(rows).values() if each.figure(order)]
    wanted.sort(key=lambda each: (-each.figure(order), each.repository or "", each.name))
    return {
        "window": {"since": rfc3339(since_ms / 1000), "until": rfc3339(until_ms / 1000), "complete": complete},
        "rests_on": len(rows),
        "items": [_item(each) for each in wanted[: query.values["per_page"]]],
    }


def history(reading: Reading, query: Query) -> Mapping[str, Any]:
    """The reports that name a test, newest first. A page may have fewer items than asked for, and still a next one."""
    count, name = query.values["per_page"], query.values["name"]
    items: list[dict[str, Any]] = []
    last: Position | None = None
    rows = reading.reports(query.selection(), _MOST_REPORTS + 1, cursor.position(query), Kind.TESTS)
    for row in rows[:_MOST_REPORTS]:
        if len(items) == count:
            return {"items": items, "next_cursor": last and cursor.encode(query, last)}
        last = row.position
        report = report_of(row)
        if outcomes := _outcomes(report, name):
            items.append(_event(row, report, name, outcomes))
    more = len(rows) > _MOST_REPORTS
    return {"items": items, "next_cursor": cursor.encode(query, last) if more and last else None}


def _tests(rows: list[Row]) -> dict[tuple[str | None, str], _Test]:
    """The tests that the reports name; `rows` are newest first."""
    found: dict[tuple[str | None, str], _Test] = {}
    for row in rows:
        report = report_of(row)
        repository = report.run.repository
        for name in {*report.failed_tests, *report.flaky_tests, *report.slowest_tests}:
            test = found.setdefault((repository, name), _Test(repository=repository, name=name, last_seen_ms=row.at_ms))
            test.failed += name in report.failed_tests
            test.flaky += name in report.flaky_tests
            times_ms = [each for each in (test.slowest_ms, report.slowest_tests.get(name)) if each is not None]
            test.slowest_ms = max(times_ms, default=None)
    return found


def _item(test: _Test) -> dict[str, Any]:
    return {
        "repository": test.repository,
        "name": test.name,
        "failed": test.failed,
        "flaky": test.flaky,
        "slowest_ms": test.slowest_ms,
        "last_seen_at": rfc3339(test.last_seen_ms / 1000),
    }


def _outcomes(report: Report, name: str) -> list[str]:
    said = {"failed": report.failed_tests, "flaky": report.flaky_tests, "slow": report.slowest_tests}
    return [word for word, names in said.items() if name in names]


def _event(row: Row, report: Report, name: str, outcomes: list[str]) -> dict[str, Any]:
    return {
        **part(step(row), "report_id", "ci_run_id", "repository", "branch", "revision", "run_url"),
        "finished_at": rfc3339(row.at_ms / 1000),
        "outcomes": outcomes,
        "duration_ms": report.slowest_tests.get(name),
        "message": next((each.message for each in report.failures if each.name == name), None),
    }
