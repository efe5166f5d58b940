"""Reads of the SQLite database: by a connection of its own, which waits for no writer (WAL), and with a time limit."""

from __future__ import annotations

import heapq
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ci_reporter.hub.store.queries import Queries
from ci_reporter.hub.store.reader import LIMIT_S, Newest, Reader, Values
from ci_reporter.hub.store.reading import TooLongError
from ci_reporter.hub.store.sqlite import statements
from ci_reporter.hub.store.sqlite.opening import open_for_reading
from ci_reporter.hub.store.sqlite.reasons import store_error

_STEPS_A_LOOK = 20_000  # of SQLite's virtual machine between two looks at the clock: some 2 ms
_QUERIES = Queries(statements.DIALECT)


def open_reading(path: str, limit_s: float = LIMIT_S) -> Reader:
    """A connection that reads, for one thread at a time. Raises StoreError."""
    return Reader(SqliteConnection(path, limit_s), _QUERIES)


class SqliteConnection:
    """A connection that reads, for one thread at a time. Raises StoreError."""

    def __init__(self, path: str, limit_s: float) -> None:
        self._path = path
        self._limit_s = limit_s
        self._until_s = 0.0
        self._connection = open_for_reading(path)
        self._connection.set_progress_handler(self._is_late, _STEPS_A_LOOK)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    @contextmanager
    def time_limit(self) -> Iterator[None]:
        """All that is asked within has one time limit. Raises TooLongError."""
        self._until_s = time.monotonic() + self._limit_s
        yield

    def rows(self, sql: str, values: Values) -> list[Any]:
        """What a statement finds."""
        with self._errors():
            return self._connection.execute(sql, _plain(values)).fetchall()

    def each(self, sql: str, values: Sequence[Values]) -> list[list[Any]]:
        """What a statement finds for each of some values."""
        return [self.rows(sql, each) for each in values]

    def newest(self, ids: Sequence[int], sql: str, values: Values) -> Newest:
        """Time, id and place of the reports of these series, newest first: each gives its own in order."""
        plain = _plain(values)
        cursors: list[sqlite3.Cursor] = []
        try:
            with self._errors():
                for series_id in ids:
                    cursors.append(self._connection.execute(sql, {**plain, "series_id": series_id}))
                yield from heapq.merge(*cursors, reverse=True)
        finally:  # an open one would keep the WAL from being emptied
            for cursor in cursors:
                cursor.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            if getattr(exc, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                raise TooLongError(f"the answer takes more than {self._limit_s:g} s") from exc
            raise store_error(self._path, exc) from exc

    def _is_late(self) -> int:
        return int(bool(self._until_s) and time.monotonic() > self._until_s)


def _plain(values: Values) -> dict[str, Any]:
    """Values as SQLite takes them: a list is JSON."""
    return {name: json.dumps(value) if isinstance(value, list | tuple) else value for name, value in values.items()}
