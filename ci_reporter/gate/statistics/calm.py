"""Is a service calm? How far its minutes wander, and whether its blocks resemble their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log, sqrt

from ci_reporter.gate.statistics import blocks
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.robust import Segment, noise

MOST_WANDER = 0.2
_NINETY_FIVE = 1.65  # standard normal, one-sided 95 %


def wander(before: Sequence[Block], after: Sequence[Block], number: int) -> float:
    """The largest |ln| of the ratio of a median of so many neighbouring blocks to that of the blocks before."""
    usual = blocks.quantile(blocks.pool(before), 0.5)
    runs = (after[end - number : end] for end in range(number, len(after) + 1, max(number // 4, 1)))
    return max((_distance(blocks.quantile(blocks.pool(run), 0.5), usual) for run in runs), default=0.0)


def _distance(one: float, other: float) -> float:
    return abs(log(one / other)) if 0 < one < inf and 0 < other < inf else inf


def is_noisy(baseline: Sequence[Block], score: Segment, minute: int) -> bool:
    """Whether a baseline contradicts what calm gates of the past say of the service.

    One of its minutes is a fifth away from the whole, or its blocks' mean scores are more correlated than chance gives
    independent ones: 1.65/√n, and 3/n for the correction of ρ. Example: 24 blocks, two minutes, need ρ > .46.
    """
    chance = _NINETY_FIVE / sqrt(score.number) + 3 / score.number
    return noise([score], 0.0).rho > chance or wander(baseline, baseline, minute) > MOST_WANDER
