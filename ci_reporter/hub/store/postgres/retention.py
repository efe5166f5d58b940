"""The reports of PostgreSQL, as retention sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ci_reporter.hub.store.postgres import statements
from ci_reporter.hub.store.postgres.connections import Connections


class PostgresReports:
    """The reports."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def series_with_reports(self) -> Sequence[int]:
        """The series that have any."""
        return [series_id for (series_id,) in self._fetch(statements.SERIES_WITH_REPORTS)]

    def nth_newest_ms(self, series_id: int, nth: int) -> int | None:
        """The time of the nth newest report of a series, from 0; None where there are fewer."""
        found = self._fetch(statements.NTH_NEWEST, series_id, nth)
        return int(found[0][0]) if found else None

    def delete_before(self, series_id: int, before_ms: int, received_ms: int, most: int) -> int:
        """Delete so many reports of a series that are older, and came before `received_ms`; how many there were."""
        tag: str = self._connections.run(
            lambda connection: connection.execute(statements.DELETE_OLD, series_id, before_ms, received_ms, most)
        )
        return int(tag.removeprefix("DELETE "))

    def forget_latest(self, series_id: int) -> None:
        """The series has no latest report, where that one was deleted."""

        async def forget(connection: Any) -> None:
            async with connection.transaction():
                await connection.execute(statements.LOCK_LATEST, series_id)
                if await connection.execute(statements.FORGET_LATEST, series_id) != "DELETE 0":
                    await connection.execute(statements.TOUCH_TOTALS, series_id)

        self._connections.run(forget)

    def _fetch(self, sql: str, *values: Any) -> Any:
        return self._connections.run(lambda connection: connection.fetch(sql, *values))
