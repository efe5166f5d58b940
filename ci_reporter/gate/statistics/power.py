"""What a watch could have seen: the power of its tests, by formula, from how the baseline scatters.

Each change is asked about twice: had it been there from the start, and had it begun a minute before the planned end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import comb, inf, log, sqrt
from statistics import NormalDist

from ci_reporter.gate.rules.conditions import Limit, Relative
from ci_reporter.gate.statistics import absolute, blocks, errors, latency, limits
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.distributions import binomial_tail, student_quantile, student_tail
from ci_reporter.gate.statistics.errors import Counts
from ci_reporter.gate.statistics.evidence import Evidence
from ci_reporter.gate.statistics.latency import BATCH_PART, Sides
from ci_reporter.gate.statistics.learnt import Learnt
from ci_reporter.gate.statistics.robust import Noise, Segment, inflation, noise, segment
from ci_reporter.gate.statistics.schedule import MINUTE_S, Look
from ci_reporter.gate.statistics.scores import Score, scores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NORMAL = NormalDist()
_CHANGES = (0.2, 0.5, 1.0, 2.0)
_RATES = (0.01, 0.03, 0.1)
_TIMES_ALLOWED = (2, 5, 20)
_MOST_DRAWS = 200
_LIKELY = 0.5


@dataclass(frozen=True, kw_only=True)
class _Window:
    """The window that would see a change: its blocks, those before it, its length and its share of α."""

    blocks: int
    earlier: int
    seconds: float
    level: float


def of(leaf: Limit | Relative, seen: Evidence, look: Look, learnt: Learnt | None = None) -> dict[str, Any]:
    """The chance to fail for some changes, from the start and late, and before which second nothing could fail.

    What past gates taught of the noise makes failures harder. That a quiet service fails sooner is left out.
    """
    first_s = _first_s(leaf, seen, look)
    known = _Known(olds=_olds(leaf, seen), learnt=learnt or Learnt(gates=0))
    powers = partial(_powers, leaf, seen, look, known)
    if first_s > look.schedule.end_s or (isinstance(leaf, Relative) and not seen.before) or not seen.after:
        found: dict[str, Any] = {"earliest_fail_s": None, "powers": [], "late": []}
    else:
        whole, late = _windows(seen, look)
        found = {
            "earliest_fail_s": first_s,
            "powers": list(powers(whole)),
            "late": list(powers(late)) if late else [],
        }
    return found | {"text": sentence(found)}


def sentence(found: Mapping[str, Any]) -> str:
    """What a person reads: `+50% with 99% power; not +20% (12%); if it began in the last minute: …`."""
    if found["earliest_fail_s"] is None:
        return "nothing: too few blocks for this rule to fail, however bad the service"
    late = f"; had it begun in the last minute: {_list_text(found['late'])}" if found["late"] else ""
    return f"{_list_text(found['powers'])}{late}; no failure before {found['earliest_fail_s']:g} s"


def _list_text(powers: Sequence[Mapping[str, Any]]) -> str:
    likely = [f"{each['change']} with {each['power']:.0%} power" for each in powers if each["power"] >= _LIKELY]
    unlikely = [f"{each['change']} ({each['power']:.0%})" for each in powers if each["power"] < _LIKELY]
    if not likely:
        return f"hardly anything: {', '.join(unlikely)}"
    return "; ".join([", ".join(likely), *([f"not {', '.join(unlikely)}"] if unlikely else [])])


def _first_s(leaf: Limit | Relative, seen: Evidence, look: Look) -> float:
    """The first look at which it could fail."""
    if isinstance(leaf, Limit):
        return limits.least_blocks(leaf.allowed, look.alpha) * seen.block_s
    least_s = 3 * seen.block_s if leaf.quantile is None else max(look.schedule.sustain_s, 3 * seen.block_s)
    return next((at_s for at_s in look.schedule.looks_s() if at_s >= least_s), inf)


def _windows(seen: Evidence, look: Look) -> tuple[_Window, _Window | None]:
    watch_s = look.schedule.watch_s
    number = max(int(watch_s // seen.block_s), 1)
    level = look.alpha * look.schedule.level(watch_s, trailing=False)
    whole = _Window(blocks=number, earlier=0, seconds=watch_s, level=level)
    earlier = number - seen.minute
    if earlier < seen.minute:
        return whole, None
    level = look.alpha * look.schedule.level(watch_s, trailing=True)
    return whole, _Window(blocks=seen.minute, earlier=earlier, seconds=MINUTE_S, level=level)


def _powers(
    leaf: Limit | Relative, seen: Evidence, look: Look, known: _Known, window: _Window
) -> Iterator[dict[str, Any]]:
    if isinstance(leaf, Limit):
        return _of_limit(leaf, seen, look, window)
    return _of_errors(leaf, seen, window, known) if leaf.quantile is None else _of_latency(leaf, window, known)


def _of_latency(leaf: Relative, window: _Window, known: _Known) -> Iterator[dict[str, Any]]:
    least, learnt = latency.margin(leaf.margin, window.seconds), known.learnt
    needs = [need for old in known.olds if (need := _requirement(old, window))]
    overs = [max(least, learnt.margin(each.old.score.name, window.seconds, extended=False)) for each in needs]
    for change in [change for change in _CHANGES if change > leaf.margin] or [2 * leaf.margin]:
        chances = [_chance_of_score(need, (1 + over) / (1 + change)) for need, over in zip(needs, overs, strict=True)]
        yield {"change": f"{change:+.0%}", "power": round(max(chances, default=0.0), 3)}


@dataclass(frozen=True, kw_only=True)
class _Old:
    """A score of the baseline: of its blocks, whose sorted latencies are also there as one list."""

    score: Score
    blocks: Sequence[Block]
    ordered: Sequence[float]
    segment: Segment

    def mean(self, factor: float) -> float:
        """The mean score with the quantiles `factor` times as long.

        A share of all answers is the mean of the blocks' shares where they have as many; a cap is each block's own.
        """
        if self.score.capped:
            return sum(self.score.of(block, factor) for block in self.blocks) / len(self.blocks)
        return self.score.of(Block(latencies=self.ordered, total=len(self.ordered)), factor)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What is known from before the watch: the baseline's scores, and what past gates taught."""

    olds: Sequence[_Old]
    learnt: Learnt


def _olds(leaf: Limit | Relative, seen: Evidence) -> list[_Old]:
    if isinstance(leaf, Limit) or leaf.quantile is None or not seen.before:
        return []
    before, ordered = seen.before, blocks.pool(seen.before)
    return [
        _Old(score=each, blocks=before, ordered=ordered, segment=segment([each.of(block) for block in before]))
        for each in scores(before, leaf.quantile)
    ]


@dataclass(frozen=True, kw_only=True)
class _Requirement:
    """What the robust test of a score must reach: a t of that many standard errors above the old mean."""

    old: _Old
    error: float
    t: float
    df: float


def _requirement(old: _Old, window: _Window) -> _Requirement | None:
    """None where no window of that length can fail."""
    scatter = noise([old.segment], old.score.least)
    counts = (old.segment.number, window.earlier, window.blocks)
    level = 2 * window.level * (1 - BATCH_PART) * old.score.part
    if level <= 0 or comb(sum(counts), window.blocks) < 2 / level:
        return None
    df = _df(scatter, counts)
    return _Requirement(old=old, error=_error(scatter, counts), t=student_quantile(min(level, 0.5), df), df=df)


def _chance_of_score(need: _Requirement, factor: float) -> float:
    """The chance that the test reaches its level, where the score's quantiles are `factor` times as long."""
    rise = need.old.mean(factor) - need.old.segment.mean
    return student_tail(need.t - rise / need.error, need.df) if rise > 0 else 0.0


def _error(scatter: Noise, counts: Sequence[int]) -> float:
    """The standard error of robust.contrast, for so many blocks in each segment; the last one is the window."""
    number = sum(counts[:-1])
    of_references = sum(each * inflation(scatter.rho, each) for each in counts[:-1] if each) / number**2
    return sqrt(scatter.variance * (inflation(scatter.rho, counts[-1]) / counts[-1] + of_references))


def _df(scatter: Noise, counts: Sequence[int]) -> float:
    there = [each for each in counts if each]
    return max(sum(each / inflation(scatter.rho, each) for each in there) - len(there), 2.0)


def _of_errors(leaf: Relative, seen: Evidence, window: _Window, known: _Known) -> Iterator[dict[str, Any]]:
    """Errors of which the test would need so many, and the chance of as many."""
    rate = blocks.error_rate(seen.before) or 0.0
    phi = max(_dispersion(seen), known.learnt.dispersion)
    size = sum(block.total for block in seen.after) / len(seen.after) / phi
    base = sum(block.total for block in seen.before) / phi
    reference = Counts(rate * (base + window.earlier * size), base + window.earlier * size)
    draws = max(round(window.blocks * size), 1)
    needed = _least_errors(draws, reference, base, leaf.margin, window.level)
    least = rate * (1 + leaf.margin)
    for higher in [each for each in _RATES if each > least] or [min(1.0, 2 * least)]:
        yield {
            "change": f"{rate * 100:.2g} % → {higher * 100:.2g} % errors",
            "power": round(binomial_tail(needed, draws, higher), 3),
        }


def _dispersion(seen: Evidence) -> float:
    """φ of the error counts, where the watch's blocks with data may have another mean in their second half."""
    if len(seen.after) < 2:
        return 1.0
    half = len(seen.after) // 2
    return errors.dispersion(Sides(baseline=seen.before, earlier=seen.after[:half], window=seen.after[half:]))


def _least_errors(draws: int, reference: Counts, base: float, margin: float, level: float) -> int:
    """The fewest errors of so many probes that reach the level, by bisection; one more than all where none do."""
    low, high = 2, draws + 1
    while low < high:
        middle = (low + high) // 2
        enough = errors.predictive(Counts(middle, draws), reference, base, margin) <= level
        low, high = (low, middle) if enough else (middle + 1, high)
    return low


def _of_limit(leaf: Limit, seen: Evidence, look: Look, window: _Window) -> Iterator[dict[str, Any]]:
    shares = [share for share in (leaf.allowed * times for times in _TIMES_ALLOWED) if share <= 1] or [1.0]
    draws = min(round(sum(block.total for block in seen.after) / len(seen.after)), _MOST_DRAWS)
    usual = sum(absolute.bad_share(leaf, block) for block in seen.before) / len(seen.before) if seen.before else 0.0
    for share in shares:
        chance = _growth(
            leaf.allowed, [(window.earlier, min(usual, leaf.allowed)), (window.blocks, share)], draws, look.alpha
        )
        yield {"change": f"{share * 100:.3g} % bad", "power": round(chance, 3)}


def _growth(allowed: float, parts: Sequence[tuple[int, float]], draws: int, alpha: float) -> float:
    """The chance that the best bet grows to what is needed; `parts` are numbers of blocks and their bad share."""
    number = sum(blocks for blocks, _ in parts)
    shrunk = limits.inflation(number, 0.0)
    best = 0.0
    for rate in limits.LAMBDAS:
        moments = [_moments(rate, allowed, share, draws) for _, share in parts]
        mean = sum(blocks * each for (blocks, _), (each, _) in zip(parts, moments, strict=True))
        variance = sum(blocks * each for (blocks, _), (_, each) in zip(parts, moments, strict=True))
        needed = shrunk * log(len(limits.LAMBDAS) / alpha)
        z = (mean - needed) / sqrt(max(variance, 1e-12))
        best = max(best, _NORMAL.cdf(max(min(z, 8.0), -8.0)))
    return best


def _moments(rate: float, allowed: float, share: float, draws: int) -> tuple[float, float]:
    """Mean and variance of a bet's logarithm after one block of that many probes."""
    chances = [comb(draws, bad) * share**bad * (1 - share) ** (draws - bad) for bad in range(draws + 1)]
    logs = [log(1 + rate * (bad / draws - allowed) / allowed) for bad in range(draws + 1)]
    mean = sum(chance * each for chance, each in zip(chances, logs, strict=True))
    return mean, sum(chance * (each - mean) ** 2 for chance, each in zip(chances, logs, strict=True))
