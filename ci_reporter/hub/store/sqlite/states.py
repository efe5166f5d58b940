"""What is counted of each series, read at one moment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from ci_reporter.hub.store import SeriesState
from ci_reporter.hub.store.sqlite import statements


def read_states(connection: sqlite3.Connection, series_ids: Sequence[int] | None) -> list[SeriesState]:
    """The states of these series, or of all, in the order in which they were first seen. Raises sqlite3.Error."""
    among = (None if series_ids is None else json.dumps(list(series_ids)),)
    runs: dict[int, dict[str, int]] = {}
    duration_ms: dict[int, int] = {}
    buckets: dict[int, dict[int, int]] = {}
    connection.execute("BEGIN")  # one moment for all three
    for series_id, result, count, sum_ms in connection.execute(statements.SERIES_TOTALS, among):
        runs.setdefault(series_id, {})[result] = count
        duration_ms[series_id] = duration_ms.get(series_id, 0) + sum_ms
    for series_id, le_ms, count in connection.execute(statements.SERIES_DURATIONS, among):
        buckets.setdefault(series_id, {})[le_ms] = count
    found = [
        SeriesState(
            series_id=series_id,
            series=(repository, pipeline, ci_job, step, branch),
            body=body,
            runs=runs.get(series_id, {}),
            duration_ms=duration_ms.get(series_id, 0),
            buckets=buckets.get(series_id, {}),
        )
        for series_id, repository, pipeline, ci_job, step, branch, body in connection.execute(
            statements.SERIES_STATES, among
        )
    ]
    connection.execute("COMMIT")
    return found
