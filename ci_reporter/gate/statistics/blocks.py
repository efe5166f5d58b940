"""Blocks of seconds: what evidence is counted in, as probes of one moment are bad together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf

_WIDER_AT = (0.1, 0.25)  # lag-1 autocorrelation from which 5 s, and then 10 s, are too short


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """What was seen in one block: sorted latencies, infinite where no good answer came, and counts."""

    latencies: Sequence[float] = ()
    bad: int = 0
    total: int = 0

    def share_above(self, limit_ms: float) -> float:
        """The share of probes slower than that."""
        return 1 - bisect_right(self.latencies, limit_ms) / self.total

    @property
    def bad_share(self) -> float:
        """The share of probes, or of counted requests, that were bad."""
        return self.bad / self.total


def of_probes(probes: Iterable[tuple[float, float, bool]], size_s: float, end_s: float) -> list[Block | None]:
    """The complete blocks before `end_s`; None where one saw nothing. A probe is (t, latency_ms, ok)."""
    count = int((end_s + 1e-6) // size_s)
    latencies: list[list[float]] = [[] for _ in range(count)]
    bad = [0] * count
    for t, latency_ms, ok in probes:
        at = int(t // size_s)
        if at < count:
            latencies[at].append(latency_ms if ok else inf)
            bad[at] += not ok
    return [
        Block(latencies=sorted(each), bad=wrong, total=len(each)) if each else None
        for each, wrong in zip(latencies, bad, strict=True)
    ]


def of_counts(counts: Iterable[tuple[float, float, float]], size_s: float, end_s: float) -> list[Block | None]:
    """The complete blocks before `end_s`; None where nothing was counted. A count is (t, bad, total)."""
    number = int((end_s + 1e-6) // size_s)
    sums = [(0.0, 0.0)] * number
    for t, bad, total in counts:
        at = int(t // size_s)
        if at < number:
            sums[at] = (sums[at][0] + bad, sums[at][1] + total)
    return [Block(bad=round(bad), total=max(round(total), 1)) if total > 0 else None for bad, total in sums]


def widened(blocks: Sequence[Block | None], size: int) -> list[Block | None]:
    """Every `size` blocks as one; an incomplete last one goes."""
    return [_joined(blocks[at : at + size]) for at in range(0, len(blocks) - size + 1, size)]


def _joined(blocks: Sequence[Block | None]) -> Block | None:
    there = seen(blocks)
    if not there:
        return None
    return Block(
        latencies=sorted(each for block in there for each in block.latencies),
        bad=sum(block.bad for block in there),
        total=sum(block.total for block in there),
    )


def seen(blocks: Iterable[Block | None]) -> list[Block]:
    """The blocks that saw anything."""
    return [block for block in blocks if block is not None]


def width(blocks: Sequence[Block | None], scores: Sequence[Callable[[Block], float]]) -> int:
    """How many blocks to join to one so that neighbours are nearly independent: 1, 2 or 3.

    The autocorrelation is the mean over the scores: of two dozen blocks each alone says little.
    """
    there = seen(blocks)
    found = sum(autocorrelation([score(block) for block in there]) for score in scores) / len(scores)
    return 1 + sum(found >= limit for limit in _WIDER_AT)


def autocorrelation(values: Sequence[float]) -> float:
    """Lag-1 autocorrelation; 0 for fewer than four values, or where all are the same.

    Source: G. Box, G. Jenkins, "Time Series Analysis", 1970, the estimator r_1.
    """
    if len(values) < 4:
        return 0.0
    mean = sum(values) / len(values)
    apart = [value - mean for value in values]
    variance = sum(each * each for each in apart)
    if variance <= 1e-12 * max(1.0, mean * mean):
        return 0.0
    return sum(a * b for a, b in pairwise(apart)) / variance


def end_s(times: Sequence[float], planned_s: float | None = None) -> float:
    """When a window of these sorted times ended: a typical gap after the last one, up to the next whole second."""
    if not times:
        return 0.0
    gap = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 1.0
    found = float(ceil(times[-1] + gap - 0.01))
    return min(found, planned_s) if planned_s else found
