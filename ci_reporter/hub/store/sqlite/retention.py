"""The reports of the SQLite file, as retention sees them: by a connection of its own, beside the writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from ci_reporter.hub.store.sqlite import statements
from ci_reporter.hub.store.sqlite.opening import connect
from ci_reporter.hub.store.sqlite.reasons import store_error


class SqliteReports:
    """The reports. `forget` is told of a series that has no report left."""

    def __init__(self, path: str, connection: sqlite3.Connection, forget: Callable[[int], None]) -> None:
        self._path, self._connection, self._forget = path, connection, forget

    def series_with_reports(self) -> Sequence[int]:
        """The series that have any."""
        return [series_id for (series_id,) in self._run(statements.SERIES_WITH_REPORTS).fetchall()]

    def nth_newest_ms(self, series_id: int, nth: int) -> int | None:
        """The time of the nth newest report of a series, from 0; None where there are fewer."""
        found = self._run(statements.NTH_NEWEST, series_id, nth).fetchone()
        return int(found[0]) if found else None

    def delete_before(self, series_id: int, before_ms: int, received_ms: int, most: int) -> int:
        """Delete so many reports of a series that are older, and came before `received_ms`; how many there were."""
        return self._run(statements.DELETE_OLD, series_id, before_ms, received_ms, most).rowcount

    def forget_latest(self, series_id: int) -> None:
        """The series has no latest report, where that one was deleted."""
        if self._run(statements.FORGET_LATEST, series_id).rowcount:
            self._forget(series_id)

    def _run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except sqlite3.Error as exc:
            raise store_error(self._path, exc) from exc


@contextmanager
def reports_of(path: str, forget: Callable[[int], None] = lambda _: None) -> Iterator[SqliteReports]:
    """The reports of a file, for as long as this is open. Raises StoreError."""
    try:
        connection = connect(path)
    except sqlite3.Error as exc:
        raise store_error(path, exc) from exc
    with closing(connection):
        yield SqliteReports(path, connection, forget)
