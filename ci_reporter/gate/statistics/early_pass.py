"""Early pass: when a regression of the size one cares about is ruled out before the watch is over. Opt-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ci_reporter.gate.recording import Signal
from ci_reporter.gate.rules.conditions import Consecutive, Down, Limit, Relative, leaves
from ci_reporter.gate.rules.ruleset import EarlyPass, RuleSet
from ci_reporter.gate.statistics import absolute, blocks, relative, schedule
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.compare import bad_share
from ci_reporter.gate.statistics.evidence import Evidence, rate_of


def at_s(before: Mapping[str, Signal], after: Mapping[str, Signal], rules: RuleSet, watch_s: float) -> float | None:
    """The first look at which every rule is settled; None where there is none, or nobody asked for it."""
    wanted = rules.settings.early_pass
    found = [leaf for rule in rules.rules if rule.mode == "enforce" for leaf in leaves(rule.condition)]
    if wanted is None or not any(isinstance(leaf, Relative) for leaf in found):
        return None
    compared = [leaf for leaf in found if not isinstance(leaf, Consecutive | Down)]
    if any(leaf.signal not in after for leaf in compared):
        return None
    seen = [
        (leaf, Evidence(watch=after[leaf.signal], baseline=before.get(leaf.signal), watch_s=watch_s))
        for leaf in compared
    ]
    times = [time for time in schedule.times_s(watch_s) if rules.settings.min_watch_s <= time < watch_s]
    return next((time for time in times if all(_settled(leaf, each, time, wanted) for leaf, each in seen)), None)


def _settled(leaf: Limit | Relative, seen: Evidence, time: float, wanted: EarlyPass) -> bool:
    if time > seen.seen_s:
        return False
    there = seen.new[: int(time // seen.block_s)]
    if (leaf.limit_ms if isinstance(leaf, Limit) else leaf.quantile) is not None and seen.watch.counts:
        return False
    if isinstance(leaf, Limit):
        return _within(leaf, blocks.seen(there))
    width = seen.widths(leaf.quantile)
    new, old = (blocks.seen(blocks.widened(each, width)) for each in (there, seen.old))
    level = wanted.beta / len(schedule.times_s(seen.watch_s))
    return bool(new) and bool(old) and _ruled_out(leaf, new, old, wanted.margin, level)


def _within(leaf: Limit, new: Sequence[Block]) -> bool:
    """An absolute rule is undecided while what was seen speaks against it."""
    shares = [bad_share(leaf, block) for block in new]
    return (
        bool(shares)
        and sum(shares) / len(shares) <= leaf.allowed
        and list(absolute.e_values(shares, leaf.allowed))[-1] <= 1
    )


def _ruled_out(leaf: Relative, new: Sequence[Block], old: Sequence[Block], margin: float, level: float) -> bool:
    """The relative test reversed: the baseline, `margin` slower, is beyond what is seen now."""
    if leaf.quantile is None:
        before, now = rate_of(old), rate_of(new)
        return before is not None and now is not None and now <= before
    return relative.tail_p(relative.slower(old, margin), new, leaf.quantile) <= level
