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


class Peaks:
    """The highest values that a baseline showed. Each is computed once, as every look of a watch asks for the same."""

    def __init__(self, baseline: Sequence[Block]) -> None:
        self._baseline = baseline
        self.blocks = len(baseline)
        self._found: dict[tuple[int, float, bool], float] = {}

    def highest(self, size: int, level: float, *, answered: bool = False) -> float:
        """The highest value of a quantile in any `size` neighbouring blocks, or in all if there are fewer.

        Failed probes are slower than any other, or left out with `answered`.
        """
        key = (size, level, answered)
        if key not in self._found:
            there = [_answers(block) for block in self._baseline] if answered else self._baseline
            size = min(size, len(there))
            runs = (there[at : at + size] for at in range(len(there) - size + 1))
            self._found[key] = max((blocks.quantile(blocks.pool(run), level) for run in runs), default=inf)
        return self._found[key]


def _answers(block: Block) -> Block:
    found = [latency for latency in block.latencies if latency < inf]
    return Block(latencies=found, total=len(found))


def huge(watch: Sequence[Block | None], peaks: Peaks, block_s: float, levels: Sequence[float]) -> bool:
    """In the last 30 s each of these quantiles is 2.5 times the highest 30-s value of the baseline, or more."""
    size = _number(HUGE_S, block_s)
    last = blocks.with_data(watch[-size:])
    if len(watch) < size or len(last) < size or peaks.blocks < size:
        return False
    ordered = blocks.pool(last)
    return all(_at_least(blocks.quantile(ordered, level), HUGE * peaks.highest(size, level)) for level in levels)


def _at_least(value: float, limit: float) -> bool:
    """Whether it reaches the limit; a limit that is infinite says nothing."""
    return value >= limit < inf


def _number(seconds: float, block_s: float) -> int:
    return max(round(seconds / block_s), 1)
