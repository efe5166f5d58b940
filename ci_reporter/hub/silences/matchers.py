"""Which alerts are meant: `repository=acme/shop`, `job!=lint`, `branch=~release/.*`, `step!~e2e.*`. Pure.

Source: Alertmanager, "Matchers". A regular expression must match the whole value; a label that an alert has not got is
empty, so `environment=` means those without one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

LABELS = ("rule", "level", "repository", "pipeline", "job", "step", "branch", "environment", "change")
_OPERATORS = ("=", "!=", "=~", "!~")
_MATCHER = re.compile(r"\s*(?P<name>[a-z_][\w.]*)\s*(?P<operator>=~|!~|!=|=)\s*(?P<value>.*?)\s*", re.DOTALL)
_LONGEST = 200
# What a pattern is made of: an escaped letter, a class of letters, a bracket, a bar, what repeats or may be left out.
_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<open>\()|(?P<close>\))|(?P<bar>\|)|(?P<again>[*+?]|\{\d*,?\d*\})|.", re.DOTALL
)
_MOST_REPEATS = 5


class Matcher(NamedTuple):
    """A label and what its value must be, or must not be."""

    name: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}{self.operator}{self.value}"

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is meant."""
        found = labels.get(self.name, "")
        if self.operator in ("=~", "!~"):
            return bool(re.fullmatch(self.value, found)) is (self.operator == "=~")
        return (found == self.value) is (self.operator == "=")


def parse(text: str) -> Matcher:
    """Read a matcher. Raises ValueError with the rest of a sentence that begins with the text."""
    match = _MATCHER.fullmatch(text)
    if not match:
        raise ValueError("is not a matcher (write repository=acme/shop, or branch=~release/.*)")
    value = match["value"]
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return check(Matcher(match["name"], match["operator"], value))


def check(matcher: Matcher) -> Matcher:
    """The matcher, if it is one. Raises ValueError with the rest of a sentence that begins with it."""
    if matcher.operator not in _OPERATORS:
        raise ValueError(f"has the operator {matcher.operator!r} (write =, !=, =~ or !~)")
    if matcher.name not in LABELS:
        raise ValueError(f"names {matcher.name!r}, which no alert has (known: {', '.join(LABELS)})")
    if len(matcher.value) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters")
    if matcher.operator in ("=~", "!~"):
        _check_pattern(matcher.value)
    return matcher


def all_match(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether an alert is meant by all of them."""
    return all(each.matches(labels) for each in matchers)


def match_anything(matchers: Sequence[Matcher]) -> bool:
    """Whether an alert without any label is meant: then every alert may be."""
    return all_match(matchers, {})


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as exc:
        raise ValueError(f"is not a regular expression: {exc}") from None
    if _may_take_for_ever(pattern):
        raise ValueError(
            "repeats what repeats itself or has alternatives, or repeats more than"
            f" {_MOST_REPEATS} times, which may take for ever (write it without the inner *, + or |)"
        )


def _may_take_for_ever(pattern: str) -> bool:
    """Whether a repeated group has something in it that can match one text in several ways, as in `((a+))+`.

    Each further letter then doubles the time. Several repeats side by side cost a power of the length, so they are few.
    """
    groups, closed, repeats = [False], False, 0  # of each open group, whether its match may differ; and of the last one
    for piece in _PIECE.finditer(pattern):
        kind = piece.lastgroup
        if kind == "open":
            groups.append(False)
        elif kind == "close" and len(groups) > 1:
            closed = groups.pop()
            groups[-1] |= closed
            continue
        elif kind == "again" and pattern[piece.start() - 1 : piece.start()] != "(":  # `(?` begins a group
            if closed and piece[0] != "?":
                return True
            repeats += piece[0] != "?"
            groups[-1] = True
        elif kind == "bar":
            groups[-1] = True
        closed = False
    return repeats > _MOST_REPEATS
