"""Where a page begins, as a text that says nothing to who gets it: the last item of the page before.

It names an item, not a number of items, so that what comes in between moves nothing. It also holds a checksum of the
filters: with others it would be a place in another list.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ci_reporter.hub.api.params import filters
from ci_reporter.hub.api.route import Query
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store import Position

_ALIEN = "cursor: is not one of this list's (take next_cursor of the page before, and leave the filters as they were)"
_MOST_MS = 2**62


def encode(query: Query, place: Sequence[object]) -> str:
    """The cursor of a place in the list that the query asks for."""
    raw = json.dumps([_checksum(query.values), *place], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def position(query: Query) -> Position | None:
    """The position that the query's cursor names; None where it has none. Raises Problem."""
    place = _decode(query)
    if place is None:
        return None
    match place:
        case [int(at_ms), str(report_id)] if abs(at_ms) < _MOST_MS:
            return Position(at_ms, report_id)
    raise Problem(400, _ALIEN, field="cursor")


def place(query: Query, kinds: Sequence[type]) -> list[Any] | None:
    """The values that the query's cursor holds, each of its kind; None where it has none. Raises Problem."""
    found = _decode(query)
    if found is None:
        return None
    alike = len(found) == len(kinds) and all(type(each) is kind for each, kind in zip(found, kinds, strict=True))
    if not alike or any(abs(each) >= _MOST_MS for each in found if isinstance(each, int)):
        raise Problem(400, _ALIEN, field="cursor")
    return found


def names(query: Query, count: int) -> tuple[str, ...] | None:
    """The names that the query's cursor holds; None where it has none. Raises Problem."""
    place = _decode(query)
    if place is None:
        return None
    if len(place) != count or not all(isinstance(each, str) for each in place):
        raise Problem(400, _ALIEN, field="cursor")
    return tuple(place)


def _decode(query: Query) -> list[Any] | None:
    text = query.values.get("cursor")
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found: list[Any] = json.loads(raw.decode("utf-8"))
        checksum, *place = found
        "".join(each for each in place if isinstance(each, str)).encode()  # a lone surrogate is no database's text
    except (ValueError, TypeError, RecursionError):
        raise Problem(400, _ALIEN, field="cursor") from None
    if checksum != _checksum(query.values):
        raise Problem(400, _ALIEN, field="cursor")
    return place


def _checksum(values: Mapping[str, Any]) -> str:
    text = json.dumps(sorted(filters(values).items()))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
