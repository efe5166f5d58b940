"""The kinds of values that rules have, as readers of a node: the grammar of all settings with the bounds of a gate."""

from __future__ import annotations

import re

from ci_reporter.config import values
from ci_reporter.config.yaml import kind

ALPHA_LEAST, ALPHA_MOST = 1e-6, 0.5
SHARE_LEAST, SHARE_MOST = 0.001, 0.9999
MOST_GATES = 20


def _alpha(value: str) -> float:
    """A chance of error, written in percent."""
    found = values.share(value)
    if not ALPHA_LEAST <= found <= ALPHA_MOST:
        raise ValueError("is not from 0.0001% to 50% (write 1%)")
    return found


def _share(value: str) -> float:
    """A share of answers, written in percent."""
    found = values.share(value)
    if not SHARE_LEAST <= found <= SHARE_MOST:
        raise ValueError("is not from 0.1% to 99.99% (write 10%)")
    return found


def _weight(value: str) -> float:
    """A number above zero."""
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4})?", value) or not float(value):
        raise ValueError("is not a number above zero (write 2)")
    return float(value)


def _times(value: str) -> int:
    """How many times an action may run."""
    found = values.count(value)
    if not 1 <= found <= 100:
        raise ValueError("is not between 1 and 100 (for an action not to run, take it out of then:)")
    return found


def _gates(value: str) -> int:
    """How many past gates to learn from."""
    found = values.count(value)
    if found > MOST_GATES:
        raise ValueError(f"is more than {MOST_GATES} (write 5; more teach hardly anything new)")
    return found


def address(value: str) -> str:
    """An address to probe. Raises ValueError where it holds a user or password, which others could read."""
    if values.has_user(value):
        raise ValueError('holds a user or password (write headers: {Authorization: "Basic $SHOP_AUTH"} instead)')
    return values.page_url(value)


def revision(value: str) -> str:
    """A commit, `auto` or `none`. Raises ValueError: fewer than seven digits prove nothing."""
    if value in ("auto", "none") or re.fullmatch(r"[0-9a-fA-F]{7,64}", value):
        return value
    raise ValueError("is not a commit (write at least 7 hex digits of it, or auto, or none)")


DURATION = kind(values.within_a_day_s)
DURATION_OR_NONE = kind(values.up_to_a_day_s)
RATE = kind(values.rate)
COUNT = kind(values.count)
CERTIFICATES = kind(values.certificates)
READABLE = kind(values.readable)
PERCENT = kind(values.share)
ALPHA = kind(_alpha)
SHARE = kind(_share)
WEIGHT = kind(_weight)
TIMES = kind(_times)
GATES = kind(_gates)
ADDRESS = kind(address)
REVISION = kind(revision)
