"""What a batch of rows comes to: which are new, and what they change in the latest reports and the counters.

Every database is told the same, in the order of the keys: two replicas that write at once then lock what both of them
change in one order, and neither waits for the other for ever.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from ci_reporter.errors import StoreError
from ci_reporter.hub.store import BUCKETS_MS, Row, Series, Written

_MOST_SERIES = 100_000  # ids that are remembered; more are looked up again
Ids = dict[Series, int]
Requests = Sequence[Sequence[Row]]


class RefusedError(StoreError):
    """The database is well, and does not take what it was given."""


class KnownSeries:
    """The ids of the series that were written to lately."""

    def __init__(self) -> None:
        self._ids: Ids = {}

    def ids(self, series: Iterable[Series]) -> Ids:
        """The ids of those that are known."""
        return {each: self._ids[each] for each in series if each in self._ids}

    def add(self, ids: Ids) -> None:
        """Remember these. Only after the commit: ids of a transaction that failed were taken back with it."""
        if len(self._ids) + len(ids) > _MOST_SERIES:
            self._ids.clear()
        self._ids.update(ids)


def write_each(requests: Requests, write: Callable[[Requests], list[Written]]) -> list[Written | StoreError]:
    """Write all in one transaction, or, where a row is refused, each request in its own, with an answer of its own."""
    try:
        return list(write(requests))
    except RefusedError:
        return [_alone(rows, write) for rows in requests]


def _alone(rows: Sequence[Row], write: Callable[[Requests], list[Written]]) -> Written | StoreError:
    try:
        return write([rows])[0]
    except StoreError as exc:
        return exc


def outcome(requests: Requests, fresh: set[str]) -> tuple[list[Row], list[Written]]:
    """The rows that are new, and the counts of each request; of two equal ids the first is new, the second known."""
    new: list[Row] = []
    written = []
    for rows in requests:
        before = len(new)
        for row in rows:
            if row.report_id in fresh:
                fresh.remove(row.report_id)
                new.append(row)
        stored = len(new) - before
        written.append(Written(stored, len(rows) - stored))
    return new, written


def latest(rows: Iterable[Row], ids: Ids) -> list[tuple[int, str, int]]:
    """Series, report and time of the last report of each series."""
    last: dict[Series, Row] = {}
    for row in rows:
        known = last.get(row.series)
        if known is None or row.at_ms >= known.at_ms:
            last[row.series] = row
    return sorted((ids[series], row.report_id, row.at_ms) for series, row in last.items())


def totals(rows: Iterable[Row], ids: Ids) -> list[tuple[int, str, int, int]]:
    """Series, result, and what to add to its runs and milliseconds."""
    sums: dict[tuple[int, str], tuple[int, int]] = {}
    for row in rows:
        key = ids[row.series], row.result
        runs, duration_ms = sums.get(key, (0, 0))
        sums[key] = runs + 1, duration_ms + (row.duration_ms or 0)
    return sorted((*key, *values) for key, values in sums.items())


def durations(rows: Iterable[Row], ids: Ids) -> list[tuple[int, int, int]]:
    """Series, bucket, and what to add to it: of 1000 and 5000, a duration of 1200 belongs to the second."""
    counts: Counter[tuple[int, int]] = Counter()
    for row in rows:
        if row.duration_ms is not None:
            at = bisect_left(BUCKETS_MS, row.duration_ms)
            counts[ids[row.series], BUCKETS_MS[at] if at < len(BUCKETS_MS) else 0] += 1
    return sorted((*key, runs) for key, runs in counts.items())
