"""What is counted of each series, read at one moment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from ci_reporter.hub.store import SeriesState
from ci_reporter.hub.store.sqlite import statements
from ci_reporter.hub.store.states import states


def read_states(connection: sqlite3.Connection, series_ids: Sequence[int] | None) -> list[SeriesState]:
    """The states of these series, or of all, in the order in which they were first seen. Raises sqlite3.Error."""
    among = (None if series_ids is None else json.dumps(list(series_ids)),)
    connection.execute("BEGIN")  # one moment for all three
    found = states(
        totals=connection.execute(statements.SERIES_TOTALS, among),
        durations=connection.execute(statements.SERIES_DURATIONS, among),
        series=connection.execute(statements.SERIES_STATES, among),
    )
    connection.execute("COMMIT")
    return found
