"""What is left of a token's rate limit, as the last answer's headers say; a part of it is left to others.

Sources: GitHub's REST API, "Rate limits" (x-ratelimit-*, retry-after; over it 403 or 429; a 304 is free); GitLab
documentation, "Rate limits" (RateLimit-*); RFC 9110, 10.2.3 (Retry-After: seconds or a date).
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_PAUSE_S = 60.0  # "at least one minute", where no header says how long
_MOST_S = 6 * 3600.0


class Budget:
    """The rate limit of one token at one server. Times are seconds of a monotonic clock."""

    def __init__(self, reserve: float) -> None:
        self._reserve = reserve
        self.limit: int | None = None
        self.remaining: int | None = None
        self._until_s = 0.0
        self._refusals = 0

    def wait_s(self, now_s: float) -> float:
        """How long to send nothing; 0 when there is something to spend."""
        return max(0.0, self._until_s - now_s)

    def note(self, headers: Mapping[str, str], now_s: float) -> None:
        """Take in what an answer says is left. The reserve is kept until the limit is whole again."""
        remaining = _number(headers, "x-ratelimit-remaining", "ratelimit-remaining")
        if remaining is None:
            return
        self.remaining = remaining
        self.limit = _number(headers, "x-ratelimit-limit", "ratelimit-limit") or self.limit
        self._refusals = 0
        if remaining <= self._reserve * (self.limit or 0):
            self._until_s = max(self._until_s, now_s + (_reset_s(headers) or _PAUSE_S))

    def refuse(self, headers: Mapping[str, str], now_s: float) -> float:
        """Take in that there were too many requests; how long to wait: as it says, else longer each time."""
        wait_s = _retry_after_s(headers)
        if wait_s is None and _number(headers, "x-ratelimit-remaining", "ratelimit-remaining") == 0:
            wait_s = _reset_s(headers)
        if wait_s is None:
            wait_s = _PAUSE_S * 2**self._refusals
            self._refusals = min(self._refusals + 1, 5)
        wait_s = min(max(1.0, wait_s), _MOST_S)
        self._until_s = max(self._until_s, now_s + wait_s)
        return wait_s


def is_limit(status: int, headers: Mapping[str, str], said: str) -> bool:
    """Whether a refusal is about too many requests: a missing permission is a 403, too."""
    if status == 429:
        return True
    if status != 403:
        return False
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in said.lower()


def _number(headers: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        text = headers.get(name, "")
        if text.isascii() and text.isdecimal() and len(text) < 12:
            return int(text)
    return None


def _reset_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the limit is whole again, by the server's own clock: ours may be wrong."""
    reset = _number(headers, "x-ratelimit-reset", "ratelimit-reset")
    if reset is None:
        return None
    if reset < 10_000_000:  # RFC draft "RateLimit header fields": seconds from now, not a time
        return float(reset)
    now_s = _date_s(headers.get("date", ""))
    return None if now_s is None else min(max(1.0, reset - now_s + 1.0), _MOST_S)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdecimal() and len(text) < 9:
        return float(text)
    at_s, now_s = _date_s(text), _date_s(headers.get("date", ""))
    return max(0.0, at_s - now_s) if at_s is not None and now_s is not None else None


def _date_s(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
