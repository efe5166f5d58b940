"""Changes so large that they fail at once: nothing good for 15 s, or latency far above anything the baseline showed."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from ci_reporter.gate.statistics import blocks
from ci_reporter.gate.statistics.blocks import Block

DOWN_S = 15.0
HUGE_S = 30.0
HUGE = 2.5
_FEWEST_DOWN = 3  # failed probes; two are not an outage


def down(watch: Sequence[Block | None], block_s: float) -> bool:
    """Nothing good in the last 15 s, and three probes at least."""
    last = watch[-_number(DOWN_S, block_s) :]
    there = blocks.with_data(last)
    bad, total = (sum(getattr(block, name) for block in there) for name in ("bad", "total"))
    return len(last) * block_s >= DOWN_S and None not in last and bad == total >= _FEWEST_DOWN


def huge(watch: Sequence[Block | None], baseline: Sequence[Block], block_s: float, levels: Sequence[float]) -> bool:
    """In the last 30 s each of these quantiles is 2.5 times the highest 30-s value of the baseline, or more."""
    size = _number(HUGE_S, block_s)
    last = blocks.with_data(watch[-size:])
    if len(watch) < size or len(last) < size or len(baseline) < size:
        return False
    ordered = blocks.pool(last)
    return all(_at_least(blocks.quantile(ordered, level), HUGE * peak(baseline, size, level)) for level in levels)


def peak(baseline: Sequence[Block], size: int, level: float) -> float:
    """The highest value of a quantile in any `size` neighbouring blocks of the baseline, or in all if it is shorter."""
    size = min(size, len(baseline))
    firsts = range(len(baseline) - size + 1)
    return max((blocks.quantile(blocks.pool(baseline[at : at + size]), level) for at in firsts), default=inf)


def _at_least(value: float, limit: float) -> bool:
    """Whether it reaches the limit; a limit that is infinite says nothing."""
    return value >= limit < inf


def _number(seconds: float, block_s: float) -> int:
    return max(round(seconds / block_s), 1)
