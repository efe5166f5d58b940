"""Values beyond a limit: a queue too deep for a minute. A plain limit, held for so long, without statistics."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.gate.recording import Value
from ci_reporter.gate.rules.conditions import Beyond

_GAPS = 3.0  # of the usual time between two values: what was between those further apart is not known


def breach(values: Sequence[Value], leaf: Beyond, gap_s: float) -> Value | None:
    """The value at which all values of the last `for_s` seconds had been beyond the limit; None where it never came.

    Example: limit 1000 for 60s, a value each 15 s. 1001 at 30 s, 45 s, 60 s, 75 s and 90 s gives the one at 90 s.
    """
    run: list[Value] = []
    for value in values:
        if run and value.t - run[-1].t > _GAPS * gap_s:
            run = []
        run = [*run, value] if leaf.holds(value.value) else []
        if run and value.t - run[0].t >= leaf.for_s:
            return value
    return None


def is_beyond(values: Sequence[Value], leaf: Beyond) -> bool:
    """Whether the last value is beyond the limit, so that it may yet hold for long enough."""
    return bool(values) and leaf.holds(values[-1].value)


def furthest(values: Sequence[Value], leaf: Beyond) -> float:
    """The value nearest to the limit, or furthest beyond it."""
    numbers = [each.value for each in values]
    return max(numbers) if leaf.operator.startswith(">") else min(numbers)
