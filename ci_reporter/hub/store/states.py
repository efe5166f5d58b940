"""The state of each series, from what a database has in three tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ci_reporter.hub.store import SeriesState


def states(
    *, totals: Iterable[Sequence[Any]], durations: Iterable[Sequence[Any]], series: Iterable[Sequence[Any]]
) -> list[SeriesState]:
    """The states of `series`, in its order.

    Rows are series_id, result, runs, duration_ms; series_id, le_ms, runs; series_id, the five names, body, success.
    """
    runs: dict[int, dict[str, int]] = {}
    duration_ms: dict[int, int] = {}
    buckets: dict[int, dict[int, int]] = {}
    for series_id, result, count, sum_ms in totals:
        runs.setdefault(series_id, {})[result] = count
        duration_ms[series_id] = duration_ms.get(series_id, 0) + sum_ms
    for series_id, le_ms, count in durations:
        buckets.setdefault(series_id, {})[le_ms] = count
    return [
        SeriesState(
            series_id=series_id,
            series=(repository, pipeline, ci_job, step, branch),
            body=body,
            success=success,
            runs=runs.get(series_id, {}),
            duration_ms=duration_ms.get(series_id, 0),
            buckets=buckets.get(series_id, {}),
        )
        for series_id, repository, pipeline, ci_job, step, branch, body, success in series
    ]
