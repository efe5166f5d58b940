"""Trends: how many steps had which result, and how long they took, hour by hour, day by day or week by week (UTC)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ci_reporter.hub.api.route import Query
from ci_reporter.hub.api.window import window
from ci_reporter.hub.store.reading import Point, Reading
from ci_reporter.model import Result, rfc3339

_DAYS = 30
_MOST_POINTS = 100_000
_HOUR_MS = 3_600_000
BUCKETS = {"hour": _HOUR_MS, "day": 24 * _HOUR_MS, "week": 7 * 24 * _HOUR_MS}
_MONDAY_MS = 4 * 24 * _HOUR_MS  # the epoch began on a Thursday


def trends(reading: Reading, query: Query) -> Mapping[str, Any]:
    """One item a bucket that has steps, oldest first. A bucket without any is not there, which is not a zero."""
    since_ms, until_ms = window(query, _DAYS)
    points = reading.points(query.selection()._replace(since_ms=since_ms, until_ms=until_ms), _MOST_POINTS + 1)
    complete = len(points) <= _MOST_POINTS
    if not complete:
        since_ms = points[_MOST_POINTS].at_ms
    points = points[:_MOST_POINTS]
    word = query.values["bucket"]
    buckets: dict[int, list[Point]] = {}
    for point in points:
        buckets.setdefault(_start_ms(point.at_ms, word), []).append(point)
    return {
        "window": {"since": rfc3339(since_ms / 1000), "until": rfc3339(until_ms / 1000), "complete": complete},
        "bucket": word,
        "rests_on": len(points),
        "items": [_item(start_ms, found) for start_ms, found in sorted(buckets.items())],
    }


def _start_ms(at_ms: int, word: str) -> int:
    offset_ms = _MONDAY_MS if word == "week" else 0
    return (at_ms - offset_ms) // BUCKETS[word] * BUCKETS[word] + offset_ms


def _item(start_ms: int, points: Sequence[Point]) -> dict[str, Any]:
    results = Counter(point.result for point in points)
    judged = sum(count for result, count in results.items() if result not in (Result.CANCELLATION, Result.SKIP))
    # What failed early would make the times look better than they are.
    durations = sorted(
        point.duration_ms for point in points if point.duration_ms is not None and point.result == Result.SUCCESS
    )
    return {
        "at": rfc3339(max(start_ms, 0) / 1000),
        "count": len(points),
        "results": dict(results),
        "success_ratio": results[Result.SUCCESS] / judged if judged else None,
        "duration_p50_ms": _quantile(durations, 50),
        "duration_p95_ms": _quantile(durations, 95),
    }


def _quantile(ordered: Sequence[int], percent: int) -> int | None:
    """The nearest rank: a value that was measured."""
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else None
