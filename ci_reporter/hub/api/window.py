"""The time that a figure is over."""

from __future__ import annotations

from ci_reporter.hub.api.route import Query

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_LAST_MS = 253_402_300_799_000  # of the year 9999, the last that RFC 3339 can write


def window(query: Query, days: int) -> tuple[int, int]:
    """From when until when, in milliseconds: what the query says, else the last days. Never an end before its start.

    "Now" is the end of this minute: within it the same answer has the same ETag.
    """
    until_ms = query.values.get("until")
    until_ms = -(-query.now_ms // _MINUTE_MS) * _MINUTE_MS if until_ms is None else until_ms
    since_ms = query.values.get("since")
    since_ms = until_ms - days * _DAY_MS if since_ms is None else since_ms
    since_ms = min(max(since_ms, 0), _LAST_MS)
    return since_ms, min(max(until_ms, since_ms), _LAST_MS)
