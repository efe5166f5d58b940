"""The store on SQLite: a batch of requests in one transaction, durable when `write` returns."""

from __future__ import annotations

import json
import sqlite3
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from queue import Empty, Full, LifoQueue
from typing import Any, TypeVar

from ci_reporter.errors import StoreError
from ci_reporter.hub.store import BUCKETS_MS, Row, Series, SeriesState, WithNew, Written
from ci_reporter.hub.store.sqlite import statements
from ci_reporter.hub.store.sqlite.checkpoint import CAP_BYTES, Checkpointer, checkpoint, wal_bytes
from ci_reporter.hub.store.sqlite.opening import Lock, open_for_reading, open_for_writing
from ci_reporter.hub.store.sqlite.reasons import is_of_the_whole, store_error
from ci_reporter.hub.store.sqlite.retention import Keep, Retention
from ci_reporter.hub.store.sqlite.states import read_states
from ci_reporter.hub.store.tables import Statement, Value

T = TypeVar("T")

_MOST_SERIES = 100_000  # ids that are remembered; more are looked up again
_MOST_READERS = 8  # connections that wait for the next `select`
_OVER_THE_CAP = 4  # times the cap of the WAL: from there on the writer waits for a checkpoint


class SqliteStore:
    """A hub's database file. Raises StoreError where it cannot be opened; one hub at a time has it."""

    def __init__(self, path: str, *, wal_cap_bytes: int = CAP_BYTES, keep: Keep | None = None) -> None:
        self.path = path
        self._lock = Lock(path)
        try:
            self._writer = open_for_writing(path)
        except BaseException:
            self._lock.release()
            raise
        self._writing = threading.Lock()
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue(_MOST_READERS)
        self._wal_cap_bytes = wal_cap_bytes
        self._series_ids: dict[Series, int] = {}
        self._changed: set[int] = set()
        self._changing = threading.Lock()
        self._with_new: list[WithNew] = []
        self._checkpointer = Checkpointer(path, wal_cap_bytes)
        self._retention = Retention(path, keep, self._note_change) if keep and (keep.age_s or keep.runs) else None

    def write(self, requests: Sequence[Sequence[Row]]) -> list[Written | StoreError]:
        """Keep the rows of several requests in one transaction. Raises StoreError, and then nothing was kept.

        Where the database is well and still takes no batch, one row is the reason: each request has its own answer.
        """
        if wal_bytes(self.path) > _OVER_THE_CAP * self._wal_cap_bytes:  # the checkpointer does not keep up
            checkpoint(self.path)
        try:
            return list(self._write(requests))
        except sqlite3.Error as exc:
            if is_of_the_whole(exc):
                raise store_error(self.path, exc) from exc
            return [self._write_alone(rows) for rows in requests]

    def also_write(self, work: WithNew) -> None:
        """Run this in the transaction of each later write that has new rows, before its COMMIT."""
        self._with_new.append(work)

    def transact(self, work: Callable[[Statement], T]) -> T:
        """Run the work in one transaction, durable when this returns. Raises StoreError, and then nothing was kept."""
        try:
            with self._writing, _transaction(self._writer):
                return work(_statement(self._writer))
        except sqlite3.Error as exc:
            raise store_error(self.path, exc) from exc

    def select(self, sql: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """What one SELECT finds; it waits for no writer. Raises StoreError."""
        try:
            connection = self._readers.get_nowait()
        except Empty:
            connection = open_for_reading(self.path)
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.Error as exc:
            raise store_error(self.path, exc) from exc
        finally:
            self._put_back(connection)

    def check(self) -> None:
        """Look whether the database answers. Raises StoreError."""
        with _reader(self.path) as connection:
            connection.execute(statements.CHECK).fetchone()

    def bodies(self) -> Iterator[str]:
        """Every report as JSON, in the order of their arrival. Raises StoreError."""
        return bodies(self.path)

    def states(self, series_ids: Sequence[int] | None = None) -> list[SeriesState]:
        """What is counted of these series, or of all, at one moment. Raises StoreError."""
        with _reader(self.path) as connection:
            return read_states(connection, series_ids)

    def changed_series(self) -> frozenset[int]:
        """The series that reports were written to since this was asked last."""
        with self._changing:
            changed, self._changed = self._changed, set()
        return frozenset(changed)

    def _note_change(self, series_id: int) -> None:
        with self._changing:
            self._changed.add(series_id)

    def close(self) -> None:
        """Leave one file, without a WAL beside it."""
        if self._retention:
            self._retention.stop()
        self._checkpointer.stop()
        while not self._readers.empty():
            self._readers.get_nowait().close()
        self._writer.close()
        self._lock.release()

    def _put_back(self, connection: sqlite3.Connection) -> None:
        try:
            self._readers.put_nowait(connection)
        except Full:
            connection.close()

    def _write_alone(self, rows: Sequence[Row]) -> Written | StoreError:
        try:
            return self._write([rows])[0]
        except sqlite3.Error as exc:
            return store_error(self.path, exc)

    def _write(self, requests: Sequence[Sequence[Row]]) -> list[Written]:
        with self._writing, _transaction(self._writer):
            ids = self._ids({row.series for rows in requests for row in rows})
            fresh = self._insert((row for rows in requests for row in rows), ids)
            new, written = _told_apart(requests, fresh)
            if new:
                self._writer.execute(statements.UPDATE_LATEST, (json.dumps(_latest(new, ids)),))
                self._writer.execute(statements.ADD_TO_TOTALS, (json.dumps(_totals(new, ids)),))
                self._writer.execute(statements.ADD_TO_DURATIONS, (json.dumps(_durations(new, ids)),))
                for work in self._with_new:
                    work(_statement(self._writer), new)
        # Only now: ids that were given in a transaction that failed were taken back with it.
        if len(self._series_ids) + len(ids) > _MOST_SERIES:
            self._series_ids.clear()
        self._series_ids.update(ids)
        with self._changing:
            self._changed.update(ids.values())
        return written

    def _ids(self, series: Iterable[Series]) -> dict[Series, int]:
        known = self._series_ids
        ids = {each: known[each] for each in series if each in known}
        for each in series:
            if each not in ids:
                self._writer.execute(statements.INSERT_SERIES, each)
                ids[each] = int(self._writer.execute(statements.SERIES_ID, each).fetchone()[0])
        return ids

    def _insert(self, rows: Iterable[Row], ids: dict[Series, int]) -> set[str]:
        batch = json.dumps([(row[0], ids[row[1]], *row[2:]) for row in rows])
        return {report_id for (report_id,) in self._writer.execute(statements.INSERT_REPORTS, (batch,))}


def bodies(path: str) -> Iterator[str]:
    """Every report of a database as JSON, in the order of their arrival; a hub may use it. Raises StoreError."""
    with _reader(path) as connection:
        for (body,) in connection.execute(statements.BODIES):
            yield body


def _statement(connection: sqlite3.Connection) -> Statement:
    def run(sql: str, /, **values: Value) -> list[tuple[Any, ...]]:
        return connection.execute(sql, values).fetchall()

    return run


@contextmanager
def _reader(path: str) -> Iterator[sqlite3.Connection]:
    try:
        with closing(open_for_reading(path)) as connection:
            yield connection
    except sqlite3.Error as exc:
        raise store_error(path, exc) from exc


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back after some errors, a full disk among them
            connection.execute("ROLLBACK")
        raise


def _told_apart(requests: Sequence[Sequence[Row]], fresh: set[str]) -> tuple[list[Row], list[Written]]:
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


def _latest(rows: Iterable[Row], ids: dict[Series, int]) -> list[tuple[int, str, int]]:
    """The last report of each series, once."""
    last: dict[Series, Row] = {}
    for row in rows:
        known = last.get(row.series)
        if known is None or row.at_ms >= known.at_ms:
            last[row.series] = row
    return [(ids[series], row.report_id, row.at_ms) for series, row in last.items()]


def _totals(rows: Iterable[Row], ids: dict[Series, int]) -> list[tuple[int, str, int, int]]:
    """What to add to the counters of each series and result."""
    sums: dict[tuple[int, str], tuple[int, int]] = {}
    for row in rows:
        key = ids[row.series], row.result
        runs, duration_ms = sums.get(key, (0, 0))
        sums[key] = runs + 1, duration_ms + (row.duration_ms or 0)
    return [(*key, *values) for key, values in sums.items()]


def _durations(rows: Iterable[Row], ids: dict[Series, int]) -> list[tuple[int, int, int]]:
    """What to add to the histogram of each series: of 1000 and 5000, a duration of 1200 belongs to the second."""
    counts: Counter[tuple[int, int]] = Counter()
    for row in rows:
        if row.duration_ms is not None:
            at = bisect_left(BUCKETS_MS, row.duration_ms)
            counts[ids[row.series], BUCKETS_MS[at] if at < len(BUCKETS_MS) else 0] += 1
    return [(*key, runs) for key, runs in counts.items()]
