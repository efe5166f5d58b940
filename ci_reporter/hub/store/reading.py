"""What is asked of a database of reports: selections of them, in the order of time, newest first, page by page.

A page begins after a `Position`, the last report of the page before it. Positions are values, not row numbers, so a
page is the same page however many reports have come since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from ci_reporter.errors import StoreError
from ci_reporter.hub.store import Position, Row, Series
from ci_reporter.hub.store.tables import Value


class TooLongError(StoreError):
    """The question was given up at its time limit."""


class Kind(StrEnum):
    """Which reports: all, those of a gate, of a deploy, with coverage, with tests."""

    ANY = "any"
    GATE = "gate"
    DEPLOYMENT = "deployment"
    COVERAGE = "coverage"
    TESTS = "tests"


class Selection(NamedTuple):
    """Which reports: each field narrows them, None takes all. `until_ms` is not part of the time.

    `visible` are the repositories that the asker may see. `branch` is a series' branch where there is one of that name,
    else the branch that a report names. `ci_run_id` and `environment` are those of the report itself.
    """

    repository: str | None = None
    pipeline: str | None = None
    ci_job: str | None = None
    step: str | None = None
    branch: str | None = None
    result: str | None = None
    environment: str | None = None
    ci_run_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    visible: tuple[str, ...] | None = None


class Point(NamedTuple):
    """What a trend needs of a report."""

    at_ms: int
    result: str
    duration_ms: int | None


class SeriesHistory(NamedTuple):
    """A series: how many reports had which result since it began, and its last ones, newest first, without bodies."""

    series: Series
    totals: dict[str, int]
    last: Sequence[Row]


class Reading(Protocol):
    """The read side of a database, for one thread. Every call raises StoreError, or TooLongError at its time limit."""

    def time_limit(self) -> AbstractContextManager[None]:
        """All that is asked within has one time limit."""

    def close(self) -> None:
        """Let go of the database."""

    def reports(
        self, selection: Selection, count: int, after: Position | None = None, kind: Kind = Kind.ANY
    ) -> list[Row]:
        """At most `count` reports, newest first."""

    def report(self, report_id: str, visible: tuple[str, ...] | None) -> Row | None:
        """The report of that id."""

    def steps_of_runs(
        self, runs: Sequence[tuple[str, str]], *, bodies: bool = True
    ) -> dict[tuple[str, str], list[Row]]:
        """The reports of runs, each named by repository and ci_run_id; oldest first, at most 1,000 a run.

        Without bodies it is faster; they are empty then.
        """

    def series(
        self, selection: Selection, count: int, after: Series | None = None, last: int = 10
    ) -> list[SeriesHistory]:
        """At most `count` series in the order of their names, each with its last reports."""

    def select(self, sql: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """What a SELECT on small tables finds: see `Tables`."""

    def select_each(self, sql: str, values: Sequence[Mapping[str, Value]]) -> list[list[tuple[Any, ...]]]:
        """What it finds for each of some values."""

    def points(self, selection: Selection, most: int) -> list[Point]:
        """At most `most` points, newest first."""
