"""Is the watch slower than the baseline by more than a margin? The tests of one window.

A score fails where three things hold: the robust test is at twice its level or below, the change lasted (each third of
the window shows at least half of it), and the exact block permutation, which is the one with a guarantee, is at its
level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from math import inf, log

from ci_reporter.gate.statistics import blocks
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.permutation import p_value
from ci_reporter.gate.statistics.robust import Contrast, Segment, contrast, segment
from ci_reporter.gate.statistics.scores import Score

BATCH_S = 30.0
BATCHES = "30-s quantiles"
LOST_MS = 1e7  # what a batch counts where more probes failed than its quantile leaves out
BATCH_PART = 0.15  # of a window's level; the rest is the scores'
SUSPICIOUS = 0.002  # times a score's part: a p from which on "may be chance" is not a pass
_WANDER_S = 30.0  # a window of w seconds must exceed a margin of 30 s / w: a moderate change must have lasted
_LASTED = 0.5  # the share of the difference that each third of the window shows
_RELAXED = 2.0  # the robust test's level against the exact one's
_FEWEST_BATCHES = 4
_BATCH_LEAST = 0.02**2  # the variance of a batch's log p95, at least
_FINE, _COARSE = 100.0, 60.0  # steps of a score in the exact count, whose cost grows with them


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What a window is compared with: the baseline and the watch before the window, apart and together."""

    baseline: Sequence[Block]
    earlier: Sequence[Block]
    window: Sequence[Block]

    @cached_property
    def references(self) -> list[Sequence[Block]]:
        """The reference's segments."""
        return [each for each in (self.baseline, self.earlier) if each]

    @cached_property
    def reference(self) -> list[Block]:
        """The reference's blocks."""
        return [*self.baseline, *self.earlier]


@dataclass(frozen=True, kw_only=True)
class Test:
    """One test of one window: its p, the level that fails, and whether the change lasted through the window."""

    name: str
    p: float = 1.0
    level: float = 0.0
    failed: bool = False
    suspicious: bool = False


def margin(least: float, seconds: float, patience: float = 1.0) -> float:
    """What a window of so many seconds must exceed; a service that is known to be quiet needs a share of the time."""
    return max(least, _WANDER_S * patience / seconds)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A score as it was measured: of each block of a window, with a margin of `over`, and the sums of its references.

    `sides` are the blocks themselves.
    """

    score: Score
    over: float
    values: Sequence[float]
    references: Sequence[Segment]
    sides: Sides


def compare(found: Measured, level: float) -> Test:
    """Test one score of one window at that level."""
    score, window = found.score, segment(found.values)
    if window.mean <= found.references[0].mean:
        return Test(name=score.name, level=level)
    difference = contrast(found.references, window, score.least)
    if difference.difference <= 0:
        return Test(name=score.name, level=level)
    if difference.p > max(SUSPICIOUS * score.part, _RELAXED * level):
        return Test(name=score.name, level=level, p=difference.p)
    return _confirm(found, difference, level)


def _confirm(measured: Measured, found: Contrast, level: float) -> Test:
    """The two further conditions of a failure. A change that is over by the last third is not suspicious either."""
    score, values = measured.score, measured.values
    lasted = [third - found.reference >= _LASTED * found.difference for third in _thirds(values)]
    suspicious = found.p <= SUSPICIOUS * score.part and (lasted[2] or not all(lasted[:2]))
    p = found.p
    failed = False
    if all(lasted) and p <= _RELAXED * level:
        exact = exact_p(score, measured.sides, measured.over)
        failed, p = exact <= level, max(p / _RELAXED, exact)
    return Test(name=score.name, level=level, p=p, failed=failed, suspicious=suspicious)


def _thirds(values: Sequence[float]) -> list[float]:
    edges = [len(values) * at // 3 for at in range(4)]
    return [sum(values[a:b]) / (b - a) if b > a else -inf for a, b in pairwise(edges)]


def exact_p(score: Score, sides: Sides, over: float) -> float:
    """The exact block permutation of a score, its quantiles taken of both sides together.

    Where all blocks are exchangeable each choice of blocks as "the window" is as likely as every other, so p is exact.
    That needs cuts which do not know the sides: quantiles of the window and of the reference times 1 + margin.
    """
    slower = 1 + over
    ordered = sorted([latency * slower for latency in blocks.pool(sides.reference)] + blocks.pool(sides.window))
    cuts = tuple(blocks.quantile(ordered, level) for level in score.levels)
    pooled_score = Score(**{**vars(score), "cuts_ms": cuts})
    new = [pooled_score.of(block) for block in sides.window]
    old = [pooled_score.of(block, (1 + 1e-12) / slower) for block in sides.reference]
    # Rounding to whole steps keeps exactness, as it treats both sides alike; it only makes more ties.
    low, steps = min(*new, *old), _steps(score, sides, new + old)
    return p_value([round((each - low) * steps) for each in new], [round((each - low) * steps) for each in old])


def _steps(score: Score, sides: Sides, values: Sequence[float]) -> float:
    """How many whole steps a score of 1 is cut into: one a probe for a single quantile, if that is not too many."""
    if score.capped:
        return _COARSE
    if score.level is None:
        return _COARSE / ((max(values) - min(values)) or 1.0)
    return min(sum(block.total for block in sides.baseline) / len(sides.baseline), _FINE)


class Batches:
    """The batches of a watch that goes on, each counted once."""

    def __init__(self, block_s: float, level: float, *, answered: bool) -> None:
        self._size = _batch_size(block_s)
        self._count = partial(batches, block_s=block_s, level=level, answered=answered)
        self._found: list[float | None] = []

    def until(self, watch: Sequence[Block | None]) -> list[float | None]:
        """Those of the watch so far."""
        self._found += self._count(watch[len(self._found) * self._size :])
        return self._found[: len(watch) // self._size]


def batches(cut: Sequence[Block | None], block_s: float, level: float, *, answered: bool) -> list[float | None]:
    """The logarithms of a quantile of each 30 s, in the order of time; None where there was nothing.

    They see what the shares do not: a tail that grows longer beyond the highest quantile that is counted. A failed
    probe is slower than any, or left out with `answered`. An incomplete last batch goes.
    """
    size = _batch_size(block_s)
    groups = [cut[at : at + size] for at in range(0, len(cut) - size + 1, size)]
    return [_log_quantile(blocks.with_data(group), level, answered=answered) for group in groups]


def _batch_size(block_s: float) -> int:
    return max(round(BATCH_S / block_s), 1)


def _log_quantile(there: Sequence[Block], level: float, *, answered: bool) -> float | None:
    found = [latency for latency in blocks.pool(there) if latency < inf or not answered]
    return log(max(min(blocks.quantile(found, level), LOST_MS), 1e-3)) if found else None


def compare_batches(before: Sequence[float | None], window: Sequence[float | None], over: float, level: float) -> Test:
    """Test the 30-s quantiles of a window; four are needed on both sides."""
    old, new = ([each for each in logs if each is not None] for logs in (before, window))
    if len(old) < _FEWEST_BATCHES or len(new) < _FEWEST_BATCHES:
        return Test(name=BATCHES, level=level)
    found = contrast([segment(old)], segment(new), _BATCH_LEAST)
    above = Contrast(found.difference - log(1 + over), found.error, found.df, found.reference)
    half = len(new) // 2
    least = min(sum(new[:half]) / half, sum(new[half:]) / (len(new) - half), new[-1])
    if above.difference <= 0 or least - above.reference < _LASTED * above.difference:
        return Test(name=BATCHES, level=level)
    suspicious = above.p <= SUSPICIOUS * BATCH_PART
    return Test(name=BATCHES, level=level, p=above.p, failed=above.p <= level, suspicious=suspicious)
