"""Open a database: a PostgreSQL where its name is a URL, else a SQLite file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing
from typing import Protocol

from ci_reporter.errors import UsageError
from ci_reporter.hub.store import Store
from ci_reporter.hub.store.postgres.address import address, is_url
from ci_reporter.hub.store.reader import LIMIT_S
from ci_reporter.hub.store.reading import Reading
from ci_reporter.hub.store.retention import Keep, Reports
from ci_reporter.hub.store.tables import Tables


def display_name(database: str) -> str:
    """The name of a database as logs may have it: without a password."""
    return address(database, {}).name if is_url(database) else database


def check_is_file(database: str, instead: str) -> None:
    """Refuse a PostgreSQL, which has a tool of its own for that. Raises UsageError."""
    if is_url(database):
        raise UsageError(f"option --database: this command is for SQLite files; for a PostgreSQL use {instead}")


def bodies(database: str) -> Iterator[str]:
    """Every report as JSON, in the order of their arrival; a hub may use the database. Raises StoreError."""
    if is_url(database):
        with closing(open_store(database)) as store:
            yield from store.bodies()
        return
    from ci_reporter.hub.store.sqlite.store import bodies

    yield from bodies(database)


class Database(Store, Tables, Protocol):
    """All that is kept: reports and small tables, and what reads them."""

    def reading(self, limit_s: float = LIMIT_S) -> Reading:
        """The read side, for one thread at a time. Raises StoreError."""

    def reports(self) -> AbstractContextManager[Reports]:
        """The reports as retention sees them."""


class OpenTables(Tables, Protocol):
    """The small tables, until they are closed."""

    def close(self) -> None:
        """Let go of the database."""


def open_tables(database: str, *, env: Mapping[str, str] = os.environ) -> OpenTables:
    """Open the small tables alone; a hub may run on the database. Raises StoreError, UsageError."""
    if is_url(database):
        from ci_reporter.hub.store.postgres.store import PostgresStore

        return PostgresStore(address(database, env))
    from ci_reporter.hub.store.sqlite.beside import SqliteTables

    return SqliteTables(database)


def open_store(database: str, *, keep: Keep | None = None, env: Mapping[str, str] = os.environ) -> Database:
    """Open it for reading and writing, its schema up to date. Raises StoreError, UsageError."""
    if is_url(database):
        from ci_reporter.hub.store.postgres.store import PostgresStore

        return PostgresStore(address(database, env), keep=keep)
    from ci_reporter.hub.store.sqlite.store import SqliteStore

    return SqliteStore(database, keep=keep)
