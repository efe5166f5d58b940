"""What a watch could have seen: the power of its tests, by formula, from how the baseline scatters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb, inf, log, sqrt
from statistics import NormalDist, pstdev

from ci_reporter.gate.rules.conditions import Limit, Relative
from ci_reporter.gate.statistics import absolute, blocks, schedule
from ci_reporter.gate.statistics.absolute import LAMBDAS
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.evidence import Evidence, quantile_of, rate_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NORMAL = NormalDist()

_CHANGES = (0.2, 0.5, 1.0)
_RATES = (0.01, 0.03, 0.1)
_TIMES_ALLOWED = (2, 5, 20)
_MOST_DRAWS = 200


def of_relative(leaf: Relative, seen: Evidence, alpha: float) -> dict[str, Any]:
    """The chance to fail for some regressions, and before which second nothing could."""
    width = seen.widths(leaf.quantile)
    old, block_s = blocks.seen(blocks.widened(seen.old, width)), seen.block_s * width
    share = alpha if leaf.quantile is None else alpha / 2
    spend = schedule.spending(schedule.schedule(seen.watch_s, block_s), len(old), share)
    in_time = [look for look in spend if look.at_s <= seen.seen_s + 1e-6 and not look.first]
    first_s = min((look.at_s for look in in_time), default=None)
    if first_s is None:
        return {"earliest_fail_s": None, "powers": []}
    last = max(in_time, key=lambda look: look.at_s)
    root = sqrt(1 / last.blocks + 1 / len(old))
    needed = _NORMAL.inv_cdf(1 - spend[last])
    powers = _errors(leaf, old, root, needed) if leaf.quantile is None else _latency(leaf, old, root, needed)
    return {"earliest_fail_s": first_s, "powers": powers}


def of_limit(leaf: Limit, seen: Evidence, alpha: float) -> dict[str, Any]:
    """The chance to fail for some shares of bad probes, and before which second nothing could."""
    there = blocks.seen(seen.new)
    first_s = absolute.blocks_needed(leaf.allowed, alpha) * seen.block_s
    if first_s > seen.seen_s or not there:
        return {"earliest_fail_s": None, "powers": []}
    draws = min(round(sum(block.total for block in there) / len(there)), _MOST_DRAWS)
    shares = [share for share in (leaf.allowed * times for times in _TIMES_ALLOWED) if share <= 1]
    powers = [
        {"change": f"{share * 100:.3g} % bad", "power": _growth(leaf.allowed, share, draws, len(there), alpha)}
        for share in shares or [1.0]
    ]
    return {"earliest_fail_s": first_s, "powers": powers}


def sentence(seen: Mapping[str, Any]) -> str:
    """What a person reads: `+20 % with 67 % power; not +5 %`."""
    if seen["earliest_fail_s"] is None:
        return "nothing: too few blocks for this rule to fail, however bad the service"
    likely = [f"{each['change']} with {each['power']:.0%} power" for each in seen["powers"] if each["power"] >= 0.5]
    unlikely = [f"{each['change']} ({each['power']:.0%})" for each in seen["powers"] if each["power"] < 0.5]
    parts = [", ".join(likely)] if likely else []
    parts += [f"not {', '.join(unlikely)}"] if unlikely else []
    return f"{'; '.join(parts) or 'nothing'}; no failure before {seen['earliest_fail_s']:g} s"


def _latency(leaf: Relative, old: Sequence[Block], root: float, needed: float) -> list[dict[str, Any]]:
    changes = [change for change in _CHANGES if change > leaf.margin] or [2 * leaf.margin]
    return [
        {"change": f"{change:+.0%}", "power": _shifted(leaf, old, (1 + change) / (1 + leaf.margin), root, needed)}
        for change in changes
    ]


def _shifted(leaf: Relative, old: Sequence[Block], factor: float, root: float, needed: float) -> float:
    """Power of the better of the two statistics where every latency is that many times the margin's."""
    quantile = leaf.quantile or 0.0
    tail = quantile_of([*old, *_times(old, factor)], quantile)
    levels = [quantile_of([*old, *_times(old, factor)], level / 8) for level in range(1, 8)]
    return max(_power(old, factor, cuts, root, needed) for cuts in ([tail], levels))


def _times(old: Sequence[Block], factor: float) -> list[Block]:
    return [Block(latencies=[each * factor for each in block.latencies], total=block.total) for block in old]


def _power(old: Sequence[Block], factor: float, cuts: Sequence[float], root: float, needed: float) -> float:
    """Power of one block score: its expected rise against its scatter between blocks."""

    def score(block: Block, times: float) -> float:
        return sum(block.share_above(cut / times) for cut in cuts)

    before, after = [score(block, 1.0) for block in old], [score(block, factor) for block in old]
    rise = (sum(after) - sum(before)) / len(old)
    scatter = sqrt((pstdev(before) ** 2 + pstdev(after) ** 2) / 2) if len(old) > 1 else inf
    floor = 0.5 / max(sum(block.total for block in old), 1)
    return _chance(rise / (max(scatter, floor) * root) - needed)


def _errors(leaf: Relative, old: Sequence[Block], root: float, needed: float) -> list[dict[str, Any]]:
    """Poisson's scatter, and what is seen of more, between the error counts of blocks."""
    base = rate_of(old) or 0.001
    size = sum(block.total for block in old) / len(old)
    extra = max(pstdev([block.bad_share for block in old]) ** 2 - base / size, 0.0)
    rates = [rate for rate in _RATES if rate > base * (1 + leaf.margin)] or [min(1.0, 2 * base * (1 + leaf.margin))]
    return [
        {
            "change": f"{base * 100:.2g} % → {rate * 100:.2g} % errors",
            "power": _chance(
                (rate - base * (1 + leaf.margin)) / (sqrt((rate + base) / 2 / size + extra) * root) - needed
            ),
        }
        for rate in rates
    ]


def _growth(allowed: float, share: float, draws: int, number: int, alpha: float) -> float:
    """Chance that the best of the bets has grown to what is needed after `number` blocks."""
    chances = [comb(draws, bad) * share**bad * (1 - share) ** (draws - bad) for bad in range(draws + 1)]
    best = 0.0
    for rate in LAMBDAS:
        logs = [log(1 + rate * (bad / draws - allowed) / allowed) for bad in range(draws + 1)]
        mean = sum(chance * each for chance, each in zip(chances, logs, strict=True))
        scatter = sqrt(max(sum(c * (each - mean) ** 2 for c, each in zip(chances, logs, strict=True)), 1e-12))
        needed = log(len(LAMBDAS) / alpha)
        best = max(best, _chance((number * mean - needed) / (scatter * sqrt(number))))
    return best


def _chance(z: float) -> float:
    return round(_NORMAL.cdf(max(min(z, 8.0), -8.0)), 3)
