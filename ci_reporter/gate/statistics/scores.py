"""Scores of a block: the share of its answers above quantiles of the baseline.

Shares are counted above the baseline's quantiles, and above (1 + δ) times them in the watch. Making the baseline slower
by δ and pooling both sides instead would hide changes of mix: where cached answers get rarer, the few slow ones grow in
number and no latency grows by δ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from ci_reporter.gate.statistics import blocks
from ci_reporter.gate.statistics.blocks import Block

LEVELS = (0.5, 0.75, 0.9, 0.95, 0.99)
RANKS = tuple(at / 16 for at in range(1, 16))
_FEWEST_ABOVE = 12  # probes of the baseline above its highest quantile, else that is one probe's latency
_ALWAYS = 0.9
_CAP = 2.0
MEAN_PART = 0.5


@dataclass(frozen=True, kw_only=True)
class Score:
    """The mean share of answers above some quantiles of the baseline.

    `levels` are those quantiles' shares and `cuts_ms` their latencies. A capped score counts at most `cap`, so that one
    burst is not everything. `least` is the variance that a block of independent probes has, and `part` this score's
    share of a window's α.
    """

    name: str
    levels: tuple[float, ...]
    cuts_ms: tuple[float, ...]
    cap: float
    least: float
    part: float
    capped: bool = False

    def of(self, block: Block, factor: float = 1.0) -> float:
        """The block's score, with the quantiles `factor` times as long."""
        shares = [block.share_above(cut * factor) for cut in self.cuts_ms]
        return min(sum(shares) / len(shares), self.cap)

    @property
    def level(self) -> float | None:
        """The one quantile that it is about; None for the mean over all."""
        return self.levels[0] if len(self.levels) == 1 else None


def row(scores: Sequence[Score], block: Block, factor: float) -> tuple[float, ...]:
    """All scores of a block, as `Score.of` gives them; a level that two of them are about is counted once."""
    shares: dict[float, float] = {}
    found = []
    for score in scores:
        if score.level is None:
            found.append(score.of(block, factor))
            continue
        if score.level not in shares:
            shares[score.level] = block.share_above(score.cuts_ms[0] * factor)
        found.append(min(shares[score.level], score.cap))
    return tuple(found)


def levels(baseline: int, wanted: float) -> tuple[float, ...]:
    """The quantiles that a rule on the quantile `wanted` looks at, with so many probes in the baseline.

    They are the usual ones up to the next after `wanted`, and `wanted` itself. A tail of fewer than twelve probes says
    nothing above p90.
    """
    beyond = next((level for level in LEVELS if level > wanted), wanted)
    chosen = sorted({wanted, *(level for level in LEVELS if level <= beyond)})
    return tuple(each for each in chosen if each <= _ALWAYS or baseline * (1 - each) >= _FEWEST_ABOVE - 1e-9) or (
        _ALWAYS,
    )


def scores(baseline: Sequence[Block], wanted: float) -> tuple[Score, ...]:
    """Each quantile alone, the mean over sixteen levels, and each of the tail's quantiles capped.

    Every score is a test of its own: averaging them all is what hides a change of mix.
    """
    ordered = blocks.pool(baseline)
    per_block = len(ordered) / max(len(baseline), 1)
    cuts = {level: blocks.quantile(ordered, level) for level in levels(len(ordered), wanted)}
    usable = {level: cut for level, cut in cuts.items() if cut < inf}
    tail = [level for level in usable if level >= _ALWAYS]
    part = (1 - MEAN_PART) / max(len(usable) + len(tail), 1)
    # Bonferroni: half of α to the mean, the rest in equal parts. p50 … p99 and three capped ones give 1/16 each.
    found = [_single_score(level, cut, per_block, part) for level, cut in usable.items()]
    found += [_capped_score(level, usable[level], per_block, part) for level in tail]
    return (*found, *_mean_score(ordered, per_block))


def _single_score(level: float, cut: float, per_block: float, part: float) -> Score:
    least = level * (1 - level) / per_block
    return Score(name=f"p{level * 100:g}", levels=(level,), cuts_ms=(cut,), cap=1.0, least=least, part=part)


def _capped_score(level: float, cut: float, per_block: float, part: float) -> Score:
    # p95 with 25 probes a block: at most 10 % count, so a block in which all are slow weighs as much as two in which
    # twice as many as usual are, and a burst of one block in twelve cannot carry the window's mean on its own.
    cap = max(_CAP * (1 - level), 1 / per_block)
    least = (1 - level) / 2 / per_block
    name = f"p{level * 100:g}, capped"
    return Score(name=name, levels=(level,), cuts_ms=(cut,), cap=cap, least=least, part=part, capped=True)


def _mean_score(ordered: Sequence[float], per_block: float) -> list[Score]:
    """A mean rank is nearly uniform, so its variance is about 1/12 a probe."""
    cuts = {level: blocks.quantile(ordered, level) for level in RANKS}
    usable = {level: cut for level, cut in cuts.items() if cut < inf}
    if not usable:
        return []
    cuts_ms = tuple(usable.values())
    name, least = "mean over 16 levels", 0.08 / per_block
    return [Score(name=name, levels=tuple(usable), cuts_ms=cuts_ms, cap=1.0, least=least, part=MEAN_PART)]
