"""The store on SQLite: a batch of requests in one transaction, durable when `write` returns."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from queue import Empty, Full, LifoQueue
from typing import Any, TypeVar

from ci_reporter.errors import StoreError
from ci_reporter.hub.store import Row, Series, SeriesState, WithNew, Written, batch
from ci_reporter.hub.store.reader import LIMIT_S, Reader
from ci_reporter.hub.store.retention import Keep, Reports, Retention
from ci_reporter.hub.store.sqlite import statements
from ci_reporter.hub.store.sqlite.checkpoint import CAP_BYTES, Checkpointer, checkpoint, wal_bytes
from ci_reporter.hub.store.sqlite.opening import Lock, open_for_reading, open_for_writing
from ci_reporter.hub.store.sqlite.reading import open_reading
from ci_reporter.hub.store.sqlite.reasons import store_error
from ci_reporter.hub.store.sqlite.retention import reports_of
from ci_reporter.hub.store.sqlite.states import read_states
from ci_reporter.hub.store.sqlite.transactions import statement, transaction
from ci_reporter.hub.store.tables import TRIAL, Statement, Value

T = TypeVar("T")

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
        self._known = batch.KnownSeries()
        self._changed: set[int] = set()
        self._changing = threading.Lock()
        self._with_new: list[WithNew] = []
        self._listening: list[Callable[[], None]] = []
        self._checkpointer = Checkpointer(path, wal_cap_bytes)
        self._retention = Retention(self.reports, keep) if keep and keep.has_limit else None

    def write(self, requests: Sequence[Sequence[Row]]) -> list[Written | StoreError]:
        """Keep the rows of several requests in one transaction. Raises StoreError, and then nothing was kept.

        Where the database is well and still takes no batch, one row is the reason: each request has its own answer.
        """
        if wal_bytes(self.path) > _OVER_THE_CAP * self._wal_cap_bytes:  # the checkpointer does not keep up
            checkpoint(self.path)
        return batch.write_each(requests, self._write)

    def also_write(self, work: WithNew) -> None:
        """Run this in the transaction of each later write that has new rows, before its COMMIT."""
        self._with_new.append(work)

    def transact(self, work: Callable[[Statement], T]) -> T:
        """Run the work in one transaction, durable when this returns. Raises StoreError, and then nothing was kept."""
        try:
            with self._writing, transaction(self._writer):
                value = work(statement(self._writer))
        except sqlite3.Error as exc:
            raise store_error(self.path, exc) from exc
        self._say_changed()
        return value

    def listen(self, heard: Callable[[], None]) -> None:
        """Call this after each later transaction; from any thread."""
        self._listening.append(heard)

    def _say_changed(self) -> None:
        for heard in self._listening:
            heard()

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

    def try_to_write(self) -> None:
        """Write something that changes nothing, durable as reports are. Raises StoreError.

        A disk may be full of the WAL alone, which then is written back to the file first.
        """
        checkpoint(self.path)
        self.transact(lambda run: run(TRIAL))

    def bodies(self) -> Iterator[str]:
        """Every report as JSON, in the order of their arrival. Raises StoreError."""
        return bodies(self.path)

    def reading(self, limit_s: float = LIMIT_S) -> Reader:
        """The read side, for one thread at a time. Raises StoreError."""
        return open_reading(self.path, limit_s)

    def reports(self) -> AbstractContextManager[Reports]:
        """The reports as retention sees them, by a connection of their own."""
        return reports_of(self.path, self._note_change)

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
        with self._writing:  # a thread may still be in a transaction, and SQLite would not survive that
            self._writer.close()
        self._lock.release()

    def _put_back(self, connection: sqlite3.Connection) -> None:
        try:
            self._readers.put_nowait(connection)
        except Full:
            connection.close()

    def _write(self, requests: batch.Requests) -> list[Written]:
        try:
            with self._writing, transaction(self._writer):
                ids, written = self._write_batch(requests)
        except sqlite3.Error as exc:
            raise store_error(self.path, exc) from exc
        self._known.add(ids)
        with self._changing:
            self._changed.update(ids.values())
        self._say_changed()
        return written

    def _write_batch(self, requests: batch.Requests) -> tuple[batch.Ids, list[Written]]:
        ids = self._ids({row.series for rows in requests for row in rows})
        fresh = self._insert((row for rows in requests for row in rows), ids)
        new, written = batch.outcome(requests, fresh)
        if new:
            self._writer.execute(statements.UPDATE_LATEST, (json.dumps(batch.latest(new, ids)),))
            self._writer.execute(statements.ADD_TO_TOTALS, (json.dumps(batch.totals(new, ids)),))
            self._writer.execute(statements.ADD_TO_DURATIONS, (json.dumps(batch.durations(new, ids)),))
            for work in self._with_new:
                work(statement(self._writer), new)
        return ids, written

    def _ids(self, series: Iterable[Series]) -> batch.Ids:
        ids = self._known.ids(series)
        for each in series:
            if each not in ids:
                self._writer.execute(statements.INSERT_SERIES, each)
                ids[each] = int(self._writer.execute(statements.SERIES_ID, each).fetchone()[0])
        return ids

    def _insert(self, rows: Iterable[Row], ids: batch.Ids) -> set[str]:
        batch = json.dumps([(row[0], ids[row[1]], *row[2:]) for row in rows])
        return {report_id for (report_id,) in self._writer.execute(statements.INSERT_REPORTS, (batch,))}


def bodies(path: str) -> Iterator[str]:
    """Every report of a database as JSON, in the order of their arrival; a hub may use it. Raises StoreError."""
    with _reader(path) as connection:
        for (body,) in connection.execute(statements.BODIES):
            yield body


@contextmanager
def _reader(path: str) -> Iterator[sqlite3.Connection]:
    try:
        with closing(open_for_reading(path)) as connection:
            yield connection
    except sqlite3.Error as exc:
        raise store_error(path, exc) from exc
