"""What is counted of each series, read at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ci_reporter.hub.store import SeriesState
from ci_reporter.hub.store.postgres import statements
from ci_reporter.hub.store.states import states


async def read_states(connection: Any, series_ids: Sequence[int] | None) -> list[SeriesState]:
    """The states of these series, or of all, in the order in which they were first seen. Raises asyncpg's errors."""
    among = None if series_ids is None else list(series_ids)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return states(
            totals=await connection.fetch(statements.SERIES_TOTALS, among),
            durations=await connection.fetch(statements.SERIES_DURATIONS, among),
            series=await connection.fetch(statements.SERIES_STATES, among),
        )
