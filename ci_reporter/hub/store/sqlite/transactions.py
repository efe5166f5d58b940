"""A transaction of a connection, and the statements that run in it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from ci_reporter.hub.store.tables import Statement, Table, Value


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

    def run(sql: str, /, **values: Value | Table) -> list[tuple[Any, ...]]:
        plain: dict[str, Any] = values
        for name, value in values.items():
            if isinstance(value, Table):
                sql, plain = _unpack(sql, name, value.columns), {**plain, name: json.dumps(value.rows)}
        return connection.execute(sql, plain).fetchall()

    return run


@lru_cache(256)
def _unpack(sql: str, name: str, columns: str) -> str:
    """The statement with a table in it that is JSON: `FROM :new` → `FROM (SELECT ... FROM json_each(:new))`."""
    names = Table(columns, ()).names
    picked = ", ".join(f"json_extract(value, '$[{at}]') AS {each}" for at, each in enumerate(names))
    return re.sub(rf":{name}\b", f"(SELECT {picked} FROM json_each(:{name}))", sql)  # noqa: S608
