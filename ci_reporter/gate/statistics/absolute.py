"""A rule with a limit of its own, at one look: failed, passed, or not known yet; and the raw comparison of `judge`."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from ci_reporter.gate.rules.conditions import Limit, Relative
from ci_reporter.gate.statistics import blocks, bounds, limits, onset, words
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.evidence import Evidence, worst
from ci_reporter.gate.statistics.schedule import Look
from ci_reporter.gate.verdict import FAIL, INCONCLUSIVE, NOT_YET, PASS, Decision, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def bad_share(leaf: Limit, block: Block) -> float:
    """The share of a block's probes that the limit calls bad, 0-1."""
    return block.bad_share if leaf.limit_ms is None else block.share_above(leaf.limit_ms)


def finding(leaf: Limit, seen: Evidence, look: Look, not_before_s: float = 0.0) -> Finding:
    """What is known of a limit at this look. It may fail after each block: an e-process bounds all of them together."""
    there = [(at, block) for at, block in enumerate(seen.watch, start=1) if block]
    shares = [bad_share(leaf, block) for _, block in there]
    values = list(limits.e_values(shares, leaf.allowed))
    ends_s = [at * seen.block_s for at, _ in there]
    hit = next((i for i, e in enumerate(values) if e >= 1 / look.alpha and ends_s[i] >= not_before_s), None)
    if hit is not None:
        return _failure(leaf, seen, look, ends_s[hit], values[hit])
    e = values[-1] if values else None
    doubt = _doubt(leaf, seen, look, values)
    reason = f"{_shares(leaf, seen.after)}{f'; {doubt}' if doubt else ''}"
    if doubt is None:
        return _finding(PASS, leaf, seen, look, reason, e=e, decided_at_s=look.at_s)
    return _finding(NOT_YET, leaf, seen, look, reason, e=e)


def _failure(leaf: Limit, seen: Evidence, look: Look, at_s: float, e: float) -> Finding:
    number = round(at_s / seen.block_s)
    heights = [None if block is None else bad_share(leaf, block) for block in seen.watch[:number]]
    since_s = onset.change_point([leaf.allowed], heights) * seen.block_s
    reason = f"{_shares(leaf, blocks.with_data(seen.watch[:number]))}; since {since_s:g} s"
    probes = [each for each in seen.probes if each.t < at_s]
    more: dict[str, Any] = {"decided_at_s": at_s, "since_s": since_s, "worst": worst(probes, leaf.limit_ms is not None)}
    return _finding(FAIL, leaf, seen, look, reason, e=e, **more)


def _doubt(leaf: Limit, seen: Evidence, look: Look, values: Sequence[float]) -> str | None:
    """Why this is not a pass yet; None where it is one."""
    least = limits.least_blocks(leaf.allowed, look.alpha)
    if len(values) < least:
        return f"nothing could fail before {least} blocks of {seen.block_s:g} s, and there are {len(values)}"
    if not look.beta:
        return "too early for a pass"
    if look.early is not None and values[-1] > 1:
        return "that is not below the limit for sure"
    if max(values) >= look.alpha**-0.5 and _mean(leaf, seen.after) > leaf.allowed:
        return "that may still be chance"
    late = blocks.with_data(seen.watch[-seen.minute :])
    if any(e >= look.alpha**-0.5 for e in limits.e_values((bad_share(leaf, block) for block in late), leaf.allowed)):
        return f"{words.percent(_mean(leaf, late))} in its last minute"
    return bounds.error_rate(seen, leaf.allowed * bounds.growth(0.0)) if leaf.limit_ms is None else _slow(leaf, seen)


def _slow(leaf: Limit, seen: Evidence) -> str | None:
    """Why the share of slow answers is not bounded at the upper 90 % bound."""
    for span in bounds.spans(seen):
        there = blocks.with_data(seen.watch[span.first :])
        if not there:
            return f"the {span.name} has no data"
        mean = _mean(leaf, there)
        if mean > leaf.allowed * (1 + span.times):
            return f"{words.percent(mean)} of the {span.name} were slower"
    return None


def _shares(leaf: Limit, there: Sequence[Block]) -> str:
    if not there:
        return "nothing was measured"
    return f"{words.percent(_mean(leaf, there))} were bad and {words.percent(leaf.allowed)} are allowed"


def _mean(leaf: Limit, there: Sequence[Block]) -> float:
    return sum(bad_share(leaf, block) for block in there) / len(there) if there else 0.0


def _finding(verdict: Decision, leaf: Limit, seen: Evidence, look: Look, reason: str, **more: Any) -> Finding:
    known = {"statistic": "e-process", "needed": 1 / look.alpha, **_values(leaf, seen.after)}
    return Finding(verdict=verdict, reason=reason, **known, **more)


def _values(leaf: Limit | Relative, there: Sequence[Block]) -> dict[str, Any]:
    level = 1 - leaf.allowed if isinstance(leaf, Limit) else leaf.quantile
    if (leaf.limit_ms if isinstance(leaf, Limit) else leaf.quantile) is None or level is None:
        return {"watch": blocks.error_rate(there), "unit": "ratio"}
    return {"watch": words.finite(blocks.quantile(blocks.pool(there), level)), "unit": "ms"}


def raw(leaf: Limit | Relative, seen: Evidence, at_s: float) -> Finding:
    """The bare comparison of the whole watch with the number, as dashboards do it: no error bound."""
    found = _values(leaf, seen.after)
    common: dict[str, Any] = {"statistic": "raw comparison", "decided_at_s": at_s, **found}
    if isinstance(leaf, Limit):
        bad = sum(bad_share(leaf, block) * block.total for block in seen.after) / sum(each.total for each in seen.after)
        reason = f"{words.percent(bad)} were bad and {words.percent(leaf.allowed)} are allowed"
        return Finding(verdict=FAIL if bad > leaf.allowed else PASS, reason=reason, **common)
    before = _values(leaf, seen.before)["watch"]
    if before is None:
        return Finding(verdict=INCONCLUSIVE, reason="the baseline has no value to compare with", is_final=True, **found)
    after = inf if found["watch"] is None else found["watch"]
    failed = after > before * (1 + leaf.margin) * (1 + 1e-12)
    reason = words.change(before, found["watch"], found["unit"])
    return Finding(verdict=FAIL if failed else PASS, reason=reason, baseline=before, **common)
