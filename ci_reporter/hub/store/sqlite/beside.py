"""The small tables of a database that a hub may have open: for commands that change them while it runs.

SQLite lets processes write one after the other. Only the schema is the hub's: while one runs, it has to be ours, too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from ci_reporter.errors import StoreError
from ci_reporter.hub.store.sqlite.opening import Lock, connect, open_for_reading, open_for_writing
from ci_reporter.hub.store.sqlite.reasons import store_error
from ci_reporter.hub.store.sqlite.transactions import statement, transaction
from ci_reporter.hub.store.tables import Statement, Value

T = TypeVar("T")


class SqliteTables:
    """The tables. Raises StoreError where the file cannot be used; it is made where there is none."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection = _open(path)

    def select(self, sql: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """What one SELECT finds. Raises StoreError."""
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as exc:
            raise store_error(self._path, exc) from exc

    def transact(self, work: Callable[[Statement], T]) -> T:
        """Run the work in one transaction, durable when this returns. Raises StoreError, and then nothing was kept."""
        try:
            with transaction(self._connection):
                return work(statement(self._connection))
        except sqlite3.Error as exc:
            raise store_error(self._path, exc) from exc

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def _open(path: str) -> sqlite3.Connection:
    try:
        lock = Lock(path)
    except StoreError:  # a hub runs, so the schema is up to date, or it is another version's
        open_for_reading(path).close()
        try:
            return connect(path)
        except sqlite3.Error as exc:
            raise store_error(path, exc) from exc
    try:
        return open_for_writing(path)
    finally:
        lock.release()
