"""The store on PostgreSQL: a batch of requests in one transaction, durable when `write` returns, beside other hubs'."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from ci_reporter.errors import StoreError
from ci_reporter.hub.store import Row, Series, SeriesState, WithNew, Written, batch
from ci_reporter.hub.store.postgres import statements
from ci_reporter.hub.store.postgres.address import Address
from ci_reporter.hub.store.postgres.connections import Connections
from ci_reporter.hub.store.postgres.facts import facts
from ci_reporter.hub.store.postgres.hints import Hints
from ci_reporter.hub.store.postgres.reading import open_reading
from ci_reporter.hub.store.postgres.retention import PostgresReports
from ci_reporter.hub.store.postgres.states import read_states
from ci_reporter.hub.store.postgres.tables import PostgresTables
from ci_reporter.hub.store.reader import LIMIT_S, Reader
from ci_reporter.hub.store.retention import Keep, Reports, Retention
from ci_reporter.hub.store.tables import TRIAL, Statement, Value

T = TypeVar("T")
_BODIES = 500  # in one answer of the server


class PostgresStore:
    """A hub's database. Raises StoreError where it cannot be used; several hubs may have it."""

    def __init__(self, address: Address, *, keep: Keep | None = None) -> None:
        self.connections = Connections(address)
        self._tables = PostgresTables(self.connections)
        self._known = batch.KnownSeries()
        self._with_new: list[WithNew] = []
        self._listening: list[Callable[[], None]] = []
        self._hints = Hints(self.connections, self._call_listeners)
        self._since = 0
        self._looking = threading.Lock()
        self._retention = Retention(self.reports, keep) if keep and keep.has_limit else None

    def write(self, requests: batch.Requests) -> list[Written | StoreError]:
        """Keep the rows of several requests in one transaction. Raises StoreError, and then nothing was kept.

        Where the database is well and still takes no batch, one row is the reason: each request has its own answer.
        """
        written = batch.write_each(requests, self._write)
        self._say_changed()
        return written

    def also_write(self, work: WithNew) -> None:
        """Run this in the transaction of each later write that has new rows, before its COMMIT."""
        self._with_new.append(work)

    def transact(self, work: Callable[[Statement], T]) -> T:
        """Run the work in one transaction, durable when this returns. Raises StoreError, and then nothing was kept."""
        value = self._tables.transact(work)
        self._say_changed()
        return value

    def listen(self, heard: Callable[[], None]) -> None:
        """Call this after each later transaction, also of other hubs; from any thread."""
        self._listening.append(heard)
        self._hints.listen()

    def _say_changed(self) -> None:
        self._call_listeners()
        self._hints.tell()

    def _call_listeners(self) -> None:
        for heard in self._listening:
            heard()

    def select(self, sql: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """What one SELECT finds; it waits for no writer. Raises StoreError."""
        return self._tables.select(sql, **values)

    def check(self) -> None:
        """Look whether the database answers, and takes reports. Raises StoreError."""
        _, is_read_only = self.connections.run_once(lambda connection: connection.fetchrow(statements.CHECK))
        if is_read_only:
            raise StoreError(f"the hub's database {self.connections.name} may only be read")

    def try_to_write(self) -> None:
        """Write something that changes nothing, durable as reports are. Raises StoreError."""
        self.transact(lambda run: run(TRIAL))

    def bodies(self) -> Iterator[str]:
        """Every report as JSON, in the order of their arrival. Raises StoreError."""
        wait = self.connections.wait
        with self.connections.held() as connection:
            one_moment = self.connections.transaction(connection, isolation="repeatable_read", readonly=True)
            with one_moment:
                wait(lambda: connection.execute(statements.UNHURRIED))
                cursor = wait(lambda: _cursor(connection))
                while found := wait(lambda: cursor.fetch(_BODIES)):
                    yield from (body for (body,) in found)

    def reading(self, limit_s: float = LIMIT_S) -> Reader:
        """The read side, for one thread at a time. Raises StoreError."""
        return open_reading(self.connections, limit_s)

    def reports(self) -> AbstractContextManager[Reports]:
        """The reports as retention sees them."""
        return nullcontext(PostgresReports(self.connections))

    def states(self, series_ids: Sequence[int] | None = None) -> list[SeriesState]:
        """What is counted of these series, or of all, at one moment. Raises StoreError."""
        return self.connections.run(lambda connection: read_states(connection, series_ids))

    def changed_series(self) -> frozenset[int]:
        """The series that reports were written to since this was asked last, by any hub; some may come twice."""
        with self._looking:
            found, self._since = self.connections.run(lambda connection: _changed(connection, self._since))
        return found

    def close(self) -> None:
        """Let go of the database."""
        if self._retention:
            self._retention.stop()
        self.connections.close()

    def _write(self, requests: batch.Requests) -> list[Written]:
        ids, written = self.connections.repeat(lambda connection: self._write_on(connection, requests))
        self._known.add(ids)
        return written

    def _write_on(self, connection: Any, requests: batch.Requests) -> tuple[batch.Ids, list[Written]]:
        rows = [row for request in requests for row in request]
        with self.connections.transaction(connection):
            ids, fresh = self.connections.wait(lambda: self._insert(connection, rows))
            new, written = batch.outcome(requests, fresh)
            if new:
                self.connections.wait(lambda: _count(connection, new, ids))
                if self._with_new:
                    run = self._tables.statement(connection)
                    for work in self._with_new:
                        work(run, new)
        return ids, written

    async def _insert(self, connection: Any, rows: Sequence[Row]) -> tuple[batch.Ids, set[str]]:
        """The series' ids, and the ids of the reports that are new."""
        ids = await self._ids(connection, {row.series for row in rows})
        found = await connection.fetch(statements.INSERT_REPORTS, *_columns(_reports(rows, ids), 14))
        return ids, {report_id for (report_id,) in found}

    async def _ids(self, connection: Any, series: set[Series]) -> batch.Ids:
        ids = self._known.ids(series)
        hashes = {_name_hash(each): each for each in series if each not in ids}
        if not hashes:
            return ids
        found = dict(await connection.fetch(statements.SERIES_IDS, list(hashes)))
        if new := sorted(hashes.keys() - found.keys()):
            await connection.execute(statements.INSERT_SERIES, *_columns([(key, *hashes[key]) for key in new], 6))
            found |= dict(await connection.fetch(statements.SERIES_IDS, new))
        return ids | {hashes[key]: series_id for key, series_id in found.items()}


async def _count(connection: Any, new: Sequence[Row], ids: batch.Ids) -> None:
    await connection.execute(statements.UPDATE_LATEST, *_columns(batch.latest(new, ids), 3))
    await connection.execute(statements.ADD_TO_TOTALS, *_columns(batch.totals(new, ids), 4))
    await connection.execute(statements.ADD_TO_DURATIONS, *_columns(batch.durations(new, ids), 3))


async def _cursor(connection: Any) -> Any:
    return await connection.cursor(statements.BODIES)


async def _changed(connection: Any, since: int) -> tuple[frozenset[int], int]:
    """What changed from a transaction on, and from which one on to look the next time."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        oldest, end = await connection.fetchrow(statements.MOMENT)
        # Where the numbers went back it is another server now, that perhaps lacks what the first one had last.
        found = await connection.fetch(statements.CHANGED, since if since <= oldest else 0, end)
    return frozenset(series_id for (series_id,) in found), oldest


def _name_hash(series: Series) -> str:
    return hashlib.sha256(json.dumps(series).encode()).hexdigest()


def _reports(rows: Iterable[Row], ids: batch.Ids) -> list[tuple[Any, ...]]:
    """The rows in the order of their ids: of two hubs that write the same reports, one waits for the other."""
    return [
        (row[0], ids[row.series], *row[2:], *facts(row.body)) for row in sorted(rows, key=lambda row: row.report_id)
    ]


def _columns(rows: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    """Rows as an array for each column."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]
