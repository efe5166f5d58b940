"""Rows → a database. `Store` is what each kind of database does; `sqlite/` is the one for one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from ci_reporter.errors import StoreError
from ci_reporter.hub.store.tables import Statement

Series = tuple[str, str, str, str, str]  # repository, pipeline, ci_job, step, branch: the grouping key of DESIGN §6


# Bounds of the histogram of durations, from a second to two hours. A migration has them: others need a new one.
BUCKETS_MS = (1000, 5000, 15000, 30000, 60000, 120000, 300000, 600000, 1200000, 1800000, 3600000, 7200000)


class Position(NamedTuple):
    """A report's place in the order of time."""

    at_ms: int
    report_id: str


class Row(NamedTuple):
    """A report as the database keeps it: what is looked up and counted, and the whole as JSON (schema 1).

    `at_ms` is when the step ended, and never after `received_ms`: a sender whose clock is ahead would be the latest of
    its series for ever. Times are milliseconds since the epoch.
    """

    report_id: str
    series: Series
    at_ms: int
    received_ms: int
    result: str
    duration_ms: int | None
    ci_run_id: str | None
    revision: str | None
    body: str

    @property
    def position(self) -> Position:
        """Where it is in the order of time."""
        return Position(self.at_ms, self.report_id)


class Written(NamedTuple):
    """What became of the rows of one request: new ones, and those whose `report_id` was there already."""

    stored: int
    known: int


class SeriesState(NamedTuple):
    """What is counted of a series, and its latest report as JSON, None where none is left.

    Where that is not a success, `success` is the last one that was.
    """

    series_id: int
    series: Series
    body: str | None
    runs: Mapping[str, int]
    duration_ms: int
    buckets: Mapping[int, int]
    success: str | None = None


# Writes what follows of new rows. What the database raises undoes the rows, too.
WithNew = Callable[[Statement, Sequence[Row]], None]


class Store(Protocol):
    """A database of reports. One thread writes; every call that reads may come from any other."""

    def write(self, requests: Sequence[Sequence[Row]]) -> list[Written | StoreError]:
        """Keep the rows of several requests in one transaction; they are durable when it returns.

        The answers are in the order of the requests. Raises StoreError when nothing can be written now.
        """

    def also_write(self, work: WithNew) -> None:
        """Run this in the transaction of each later write that has new rows, before its COMMIT."""

    def listen(self, heard: Callable[[], None]) -> None:
        """Call this after each later transaction, of other hubs' too where the database tells of them; from any thread.

        It is a hint: some may be missing, and one call may stand for many transactions.
        """

    def check(self) -> None:
        """Look whether the database answers. Raises StoreError."""

    def try_to_write(self) -> None:
        """Write something that changes nothing, durable as reports are. Raises StoreError."""

    def bodies(self) -> Iterator[str]:
        """Every report as JSON, in the order of their arrival. Raises StoreError."""

    def states(self, series_ids: Sequence[int] | None = None) -> list[SeriesState]:
        """What is counted of these series, or of all. Raises StoreError."""

    def changed_series(self) -> frozenset[int]:
        """The series that reports were written to since this was asked last."""

    def close(self) -> None:
        """Let go of the database."""
