"""A transaction of a connection, and the statements that run in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ci_reporter.hub.store.tables import Statement, Value


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """COMMIT in the end, ROLLBACK after an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back after some errors, a full disk among them
            connection.execute("ROLLBACK")
        raise


def statement(connection: sqlite3.Connection) -> Statement:
    """What runs statements with their values by name."""

    def run(sql: str, /, **values: Value) -> list[tuple[Any, ...]]:
        return connection.execute(sql, values).fetchall()

    return run
