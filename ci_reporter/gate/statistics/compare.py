"""One comparison of a rule over the whole watch, look by look: a finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, isfinite

from ci_reporter.gate.rules.conditions import Limit, Relative
from ci_reporter.gate.statistics import absolute, blocks, relative, schedule
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.evidence import Evidence, quantile_of, rate_of, worst
from ci_reporter.gate.verdict import FAIL, INCONCLUSIVE, PASS, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ROUNDING = 1 + 1e-9  # a level is a multiple of the smallest p, as p is

Test = Callable[[Sequence[Block]], float]


def limit(leaf: Limit, seen: Evidence, alpha: float) -> Finding:
    """Hold the watch against an absolute limit."""
    there = [(at, block) for at, block in enumerate(seen.new, start=1) if block]
    shares = [bad_share(leaf, block) for _, block in there]
    values = list(absolute.e_values(shares, leaf.allowed))
    ends = [at * seen.block_s for at, _ in there]
    hit = next((i for i, e in enumerate(values) if e >= 1 / alpha and ends[i] >= seen.not_before_s), None)
    used = len(there) if hit is None else hit + 1
    found = _limit_values(leaf, [block for _, block in there[:used]])
    e = values[used - 1] if values else None
    common: dict[str, Any] = {"statistic": "e-process", "e": e, "needed": 1 / alpha, **found}
    if hit is not None:
        reason = f"{_percent(_mean(leaf, there[:used]))} were bad and {_percent(leaf.allowed)} are allowed"
        return Finding(
            verdict=FAIL, reason=reason, decided_at_s=ends[hit], worst=_worst(leaf, seen, ends[hit]), **common
        )
    least = absolute.blocks_needed(leaf.allowed, alpha)
    if len(there) < least:
        reason = f"blocks of {seen.block_s:g} s seen: {len(there)}; nothing could fail before {least}"
        return Finding(verdict=INCONCLUSIVE, reason=reason, **common)
    mean = _mean(leaf, there)
    if mean > leaf.allowed and max(values) >= alpha**-0.5:
        reason = f"{_percent(mean)} were bad where {_percent(leaf.allowed)} are allowed; that may still be chance"
        return Finding(verdict=INCONCLUSIVE, reason=reason, worst=_worst(leaf, seen, inf), **common)
    reason = f"{_percent(mean)} were bad and {_percent(leaf.allowed)} are allowed"
    return Finding(verdict=PASS, reason=reason, decided_at_s=seen.seen_s, **common)


def bad_share(leaf: Limit, block: Block) -> float:
    """The share of a block's probes that the limit calls bad."""
    return block.bad_share if leaf.limit_ms is None else block.share_above(leaf.limit_ms)


def against_baseline(leaf: Relative, seen: Evidence, alpha: float) -> Finding:
    """Hold the watch against the baseline."""
    width = seen.widths(leaf.quantile)
    old = blocks.seen(blocks.widened(seen.old, width))
    new = blocks.widened(seen.new, width)
    if not old:
        return Finding(verdict=INCONCLUSIVE, reason="the baseline has no complete block", statistic="block permutation")
    block_s = seen.block_s * width
    tests = _tests(leaf, old)
    spend = schedule.spending(schedule.schedule(seen.watch_s, block_s), len(old), alpha / len(tests))
    nearest: tuple[float, Finding] | None = None
    for look, level in spend.items():
        if look.at_s > seen.seen_s + 1e-6:
            break
        there = blocks.seen(new[look.first : look.last])
        p, statistic = min((test(there), name) for name, test in tests.items())
        finding = Finding(
            verdict=PASS,
            reason="",
            statistic=f"block permutation, {statistic}{', last 60 s' if look.first else ''}",
            p=p,
            needed=level,
            decided_at_s=look.at_s,
            **_values(leaf, blocks.seen(seen.old), there),
        )
        if p <= level * _ROUNDING and look.at_s >= seen.not_before_s:
            return _failed(leaf, finding, seen)
        if nearest is None or not look.first:
            nearest = (p, finding)
    return _not_failed(leaf, nearest, spend, seen, len(old) * block_s)


def _tests(leaf: Relative, old: Sequence[Block]) -> dict[str, Test]:
    if leaf.quantile is None:
        return {"errors": lambda new: relative.errors_p(new, old, leaf.margin)}
    quantile, slow = leaf.quantile, relative.slower(old, leaf.margin)
    return {
        "tail": lambda new: relative.tail_p(new, slow, quantile),
        "location": lambda new: relative.location_p(new, slow),
    }


def _failed(leaf: Relative, finding: Finding, seen: Evidence) -> Finding:
    at_s = finding.decided_at_s or 0.0
    fields = vars(finding) | {"verdict": FAIL, "worst": worst(seen.watch, leaf.quantile is not None, at_s)}
    return Finding(**fields | {"reason": f"{_change(finding)}, and more than {leaf.margin:+.0%} is bad"})


def _not_failed(
    leaf: Relative,
    nearest: tuple[float, Finding] | None,
    spend: dict[schedule.Look, float],
    seen: Evidence,
    old_s: float,
) -> Finding:
    if nearest is None:
        first = min((look.at_s for look in spend), default=inf)
        when = f"before {first:g} s" if isfinite(first) else "with a baseline this short, however bad the watch"
        reason = f"the watch has {seen.seen_s:g} s, the baseline {old_s:g} s; nothing could fail {when}"
        return Finding(verdict=INCONCLUSIVE, reason=reason, statistic="block permutation")
    finding = nearest[1]
    reason = f"{_change(finding)}; more than {leaf.margin:+.0%} is not shown"
    return Finding(**vars(finding) | {"reason": reason, "decided_at_s": seen.seen_s})


def threshold(leaf: Limit | Relative, seen: Evidence) -> Finding:
    """The raw comparison of the whole watch with the number, as dashboards do it: no error bound."""
    new, old = blocks.seen(seen.new), blocks.seen(seen.old)
    if isinstance(leaf, Limit):
        found = _limit_values(leaf, new)
        bad = sum(bad_share(leaf, block) * block.total for block in new) / sum(block.total for block in new)
        failed, what = bad > leaf.allowed, f"{_percent(bad)} were bad and {_percent(leaf.allowed)} are allowed"
    else:
        found = _values(leaf, old, new)
        if found["baseline"] is None:
            return Finding(verdict=INCONCLUSIVE, reason="the baseline has no value to compare with", **found)
        after = inf if found["watch"] is None else found["watch"]
        failed = after > found["baseline"] * (1 + leaf.margin) * (1 + 1e-12)
        what = _change(Finding(verdict=PASS, reason="", **found))
    verdict = FAIL if failed and seen.seen_s >= seen.not_before_s else PASS
    return Finding(verdict=verdict, reason=what, decided_at_s=seen.seen_s, statistic="raw comparison", **found)


def _limit_values(leaf: Limit, there: Sequence[Block]) -> dict[str, Any]:
    if leaf.limit_ms is None:
        return {"watch": rate_of(there), "unit": "ratio"}
    return {"watch": _finite(quantile_of(there, 1 - leaf.allowed)), "unit": "ms"}


def _values(leaf: Relative, old: Sequence[Block], new: Sequence[Block]) -> dict[str, Any]:
    if leaf.quantile is None:
        return {"baseline": rate_of(old), "watch": rate_of(new), "unit": "ratio"}
    before, after = (_finite(quantile_of(there, leaf.quantile)) for there in (old, new))
    return {"baseline": before, "watch": after, "unit": "ms"}


def _change(finding: Finding) -> str:
    before, after = finding.baseline, finding.watch
    shown = [_shown(value, finding.unit) for value in (before, after)]
    grew = f" ({after / before - 1:+.0%})" if before and after is not None else ""
    return f"{shown[0]} before, {shown[1]} now{grew}"


def _shown(value: float | None, unit: str) -> str:
    if unit == "ratio":
        return "unknown" if value is None else _percent(value)
    return "no answer" if value is None else f"{value:.4g} ms"


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def _mean(leaf: Limit, there: Sequence[tuple[int, Block]]) -> float:
    return sum(bad_share(leaf, block) for _, block in there) / len(there)


def _worst(leaf: Limit, seen: Evidence, until_s: float) -> tuple[dict[str, Any], ...]:
    return worst(seen.watch, leaf.limit_ms is not None, until_s)
