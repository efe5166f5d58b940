"""What baseline and watch can decide at all, however bad the service: said before anything is probed."""

from __future__ import annotations

from math import comb

from ci_reporter.gate.rules.conditions import Limit, Relative
from ci_reporter.gate.statistics import limits
from ci_reporter.gate.statistics.latency import BATCH_PART
from ci_reporter.gate.statistics.schedule import Schedule, windows
from ci_reporter.gate.statistics.scores import MEAN_PART

_MOST_BLOCKS = 2000
_FEWEST_ERROR_BLOCKS = 3  # one for each third of a window
_BUT_OUTAGES = "can never fail, short of an outage"  # nothing good for 15 s, or latency 2.5 times the highest


def obstacle(
    leaf: Limit | Relative, schedule: Schedule, alpha: float, baseline_s: float | None, block_s: float
) -> str | None:
    """Why such a comparison can never fail, with the time that would do; None where it can.

    A relative one may fail all the same, by an outage: nothing good for 15 s. A baseline of None seconds is unknown.
    """
    if isinstance(leaf, Limit):
        return _watch_of(limits.least_blocks(leaf.allowed, alpha) * block_s, schedule, "can never fail")
    if leaf.quantile is None:
        return _watch_of(_FEWEST_ERROR_BLOCKS * block_s, schedule, _BUT_OUTAGES)
    if found := _watch_of(max(schedule.sustain_s, _FEWEST_ERROR_BLOCKS * block_s), schedule, _BUT_OUTAGES):
        return found
    if baseline_s is None:
        return None
    blocks = int(baseline_s // block_s)
    if _fails(blocks, schedule, alpha, block_s):
        return None
    needed = next((each for each in range(blocks, _MOST_BLOCKS) if _fails(each, schedule, alpha, block_s)), None)
    needed_s = "longer" if needed is None else f"of {needed * block_s:g} s"
    said = f"{_BUT_OUTAGES} with a baseline of {baseline_s:g} s"
    return f"{said} (write a window {needed_s}, or a longer watch)"


def _watch_of(needed_s: float, schedule: Schedule, what: str) -> str | None:
    if needed_s <= schedule.end_s:
        return None
    there = f"and there are {schedule.end_s:g} s (write watch: {needed_s:g}s)"
    return f"{what}: it needs {needed_s:g} s of watch, {there}"


def _fails(blocks: int, schedule: Schedule, alpha: float, block_s: float) -> bool:
    """Whether some window is large enough for the exact test: its least p is one choice of all there are."""
    part = (1 - BATCH_PART) * MEAN_PART
    return any(
        1 / comb(round(at_s / block_s) + blocks, round(window.seconds / block_s)) <= alpha * window.level * part
        for at_s in schedule.looks_s()
        for window in windows(schedule, at_s, block_s, schedule.sustain_s)
        if not window.trailing
    )
