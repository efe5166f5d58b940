"""New blocks against baseline blocks: the exact block permutation on three scores, and "up X %"."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from math import ceil, inf

from ci_reporter.gate.statistics.binomial import tail
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.permutation import p_value

LEVELS = 16
_LARGEST_SCORE = 255
_LARGEST_SUM = 16_000  # of as many blocks as there are: what the exact count costs grows with it


def slower(baseline: Sequence[Block], margin: float) -> list[Block]:
    """The baseline as it would be if each latency were that share longer."""
    factor = 1 + margin
    return [
        Block(latencies=[each * factor for each in block.latencies], bad=block.bad, total=block.total)
        for block in baseline
    ]


def tail_p(new: Sequence[Block], baseline: Sequence[Block], quantile: float) -> float:
    """P that no more of the new probes are beyond the quantile of all of them; 1 where a side is empty."""
    if not new or not baseline:
        return 1.0
    cut = [_cut(_pooled(new, baseline), quantile)]
    return _block_p(new, baseline, lambda blocks: _whole([_above(each, cut) for each in blocks], _totals(blocks)))


def location_p(new: Sequence[Block], baseline: Sequence[Block]) -> float:
    """P that the new latencies rank no higher on 16 levels of all of them; 1 where a side is empty."""
    if not new or not baseline:
        return 1.0
    pooled = _pooled(new, baseline)
    cuts = [_cut(pooled, level / LEVELS) for level in range(1, LEVELS)]
    return _block_p(new, baseline, lambda blocks: _spread([_above(each, cuts) / each.total for each in blocks]))


def errors_p(new: Sequence[Block], baseline: Sequence[Block], margin: float) -> float:
    """P that the new error rate is no more than 1 + `margin` times the baseline's; 1 where a side is empty."""
    if not new or not baseline:
        return 1.0
    p = _block_p(new, baseline, lambda blocks: _whole([each.bad for each in blocks], _totals(blocks)))
    return max(p, ratio_p(new, baseline, 1 + margin)) if margin else p


def ratio_p(new: Sequence[Block], baseline: Sequence[Block], ratio: float) -> float:
    """P(Bin(e_b + e_n, ρn / (ρn + m)) ≥ e_n): the new rate is at most `ratio` times the old one.

    Source: J. Przyborowski, H. Wilenski, "Homogeneity of results in testing samples from Poisson series", 1940.
    """
    bad_new, bad_old = (sum(block.bad for block in blocks) for blocks in (new, baseline))
    total_new, total_old = (sum(block.total for block in blocks) for blocks in (new, baseline))
    if not total_new or not total_old:
        return 1.0
    return tail(bad_new, bad_new + bad_old, ratio * total_new / (ratio * total_new + total_old))


def _block_p(new: Sequence[Block], baseline: Sequence[Block], score: Callable[[list[Block]], list[int]]) -> float:
    scores = score([*new, *baseline])
    return p_value(scores[: len(new)], scores[len(new) :])


def _pooled(new: Sequence[Block], baseline: Sequence[Block]) -> list[float]:
    return sorted(each for block in (*baseline, *new) for each in block.latencies)


def _totals(blocks: Sequence[Block]) -> list[int]:
    return [block.total for block in blocks]


def _cut(pooled: Sequence[float], quantile: float) -> float:
    return pooled[max(ceil(quantile * len(pooled) - 1e-9), 1) - 1]


def _above(block: Block, cuts: Sequence[float]) -> int:
    """Latencies above each of the cuts, summed; what never came is above every cut, an infinite one too."""
    latencies = block.latencies
    return sum(
        len(latencies) - (bisect_left(latencies, cut) if cut == inf else bisect_right(latencies, cut)) for cut in cuts
    )


def _whole(counts: Sequence[int], totals: Sequence[int]) -> list[int]:
    """Counts as scores: as they are where every block saw as much, else per largest block; never above 255."""
    largest = max(totals)
    shares = [count * largest / total for count, total in zip(counts, totals, strict=True)]
    scale = min(1.0, _largest(len(counts)) / max(1.0, *shares))
    return [round(share * scale) for share in shares]


def _spread(values: Sequence[float]) -> list[int]:
    """Values as scores of 0 to 255: coarse ones would tie, and a tie at the top costs the earliest looks."""
    low, high = min(values), max(values)
    scale = _largest(len(values)) / (high - low) if high > low else 0.0
    return [round((value - low) * scale) for value in values]


def _largest(blocks: int) -> int:
    return max(LEVELS - 1, min(_LARGEST_SCORE, _LARGEST_SUM // blocks))
