"""`silences:` of the hub's configuration file: maintenance that comes back, such as `sat 02:00-04:00`. Pure.

The hours are those of a place (`timezone`), as its clocks show them, also on the two days a year on which these change.
A window that ends before it begins goes on past midnight and belongs to the day on which it began.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ci_reporter.config import yaml
from ci_reporter.config.yaml import Node, kind, read
from ci_reporter.errors import UsageError
from ci_reporter.hub.silences.matchers import Matcher, all_match, match_anything, parse

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?a)(?:(?P<days>[a-z,\- ]+?)\s+)?(?P<begin>\d\d:\d\d)\s*-\s*(?P<end>\d\d:\d\d)")
_EXAMPLE = "write sat 02:00-04:00, mon-fri 22:00-06:00 or 03:00-03:30"


@dataclass(frozen=True, kw_only=True)
class Window:
    """Alerts that all of the matchers mean tell nobody on these days (0 is Monday) between two times, in minutes."""

    matchers: tuple[Matcher, ...]
    days: frozenset[int]
    begin: int
    end: int
    zone: tzinfo = UTC
    comment: str = ""

    def holds(self, now_ms: int) -> bool:
        """Whether it is open now."""
        now = datetime.fromtimestamp(now_ms / 1000, self.zone)
        minute, today = now.hour * 60 + now.minute, now.weekday()
        if self.begin < self.end:
            return today in self.days and self.begin <= minute < self.end
        yesterday = (now - timedelta(days=1)).weekday()
        return (today in self.days and minute >= self.begin) or (yesterday in self.days and minute < self.end)

    def holds_back(self, labels: Mapping[str, str], now_ms: int) -> bool:
        """Whether an alert with these labels tells nobody now."""
        return self.holds(now_ms) and all_match(self.matchers, labels)


def windows(node: Node | None) -> tuple[Window, ...]:
    """Read the section. Raises UsageError."""
    if node is None or (node.value == "" and not node.style):
        return ()
    return tuple(_window(each) for each in yaml.items(node))


def _window(node: Node) -> Window:
    keys = yaml.mapping(node, ("matchers", "every", "timezone", "comment"))
    for needed, example in (("matchers", "[repository=acme/shop]"), ("every", "sat 02:00-04:00")):
        if needed not in keys:
            raise UsageError(f"{node.where}: a silence has no {needed}: (write {needed}: {example})")
    days, begin, end = kind(_span)(keys["every"])
    return Window(
        matchers=_matchers(keys["matchers"]),
        days=days,
        begin=begin,
        end=end,
        zone=read(keys, "timezone", kind(_zone), UTC),
        comment=read(keys, "comment", yaml.text, ""),
    )


def _matchers(node: Node) -> tuple[Matcher, ...]:
    found = []
    for text in yaml.names(node):
        try:
            found.append(parse(text))
        except ValueError as exc:
            raise UsageError(f"{node.where}: {text[:100]!r} {exc}") from None
    if not found or match_anything(found):
        raise UsageError(f"{node.where}: these mean every alert (name one thing at least: [repository=acme/shop])")
    return tuple(found)


def _span(text: str) -> tuple[frozenset[int], int, int]:
    match = _WINDOW.fullmatch(text.strip().lower())
    if not match:
        raise ValueError(f"is not a time of the week ({_EXAMPLE})")
    begin, end = _minute(match["begin"]), _minute(match["end"])
    if begin == end:
        raise ValueError(f"begins and ends at the same time ({_EXAMPLE})")
    return _days(match["days"]), begin, end


def _minute(text: str) -> int:
    hour, minute = int(text[:2]), int(text[3:])
    if hour * 60 + minute > 24 * 60 or minute > 59:
        raise ValueError(f"has {text}, which no clock shows ({_EXAMPLE})")
    return hour * 60 + minute


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in re.split(r"[,\s]+", text.strip()):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise ValueError(f"has the day {part!r} (write mon, tue, wed, thu, fri, sat, sun, or mon-fri)")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found |= {day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1)}
    return frozenset(found)


def _zone(text: str) -> tzinfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone that is known here (write Europe/Berlin, or UTC)") from None
