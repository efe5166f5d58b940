"""The time that a figure is over."""

from __future__ import annotations

import pytest

from ci_reporter.hub.api.route import Query
from ci_reporter.hub.api.window import window
from ci_reporter.hub.auth.access import Access

_MINUTE_MS = 60_000
_NOON_MS = 1_767_268_800_000


def of(now_ms, **values):
    return window(Query(values=values, path={}, access=Access(), now_ms=now_ms), 30)


@pytest.mark.parametrize("now_ms", [_NOON_MS - _MINUTE_MS + 1, _NOON_MS - 1, _NOON_MS])
def test_within_a_minute_it_is_the_same(now_ms):
    assert of(now_ms) == (_NOON_MS - 30 * 86_400_000, _NOON_MS)


def test_what_is_asked_for_is_taken_to_the_millisecond():
    assert of(_NOON_MS, since=1, until=12_345) == (1, 12_345)


def test_it_does_not_end_before_it_begins():
    assert of(_NOON_MS, since=12_345, until=1) == (12_345, 12_345)
