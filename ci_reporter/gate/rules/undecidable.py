"""What a gate could never decide, however bad the service is: found before anything is probed, with what would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil

from ci_reporter.errors import UsageError
from ci_reporter.gate.judge import alphas, part_count, schedule_of
from ci_reporter.gate.recording import Recording, Signal
from ci_reporter.gate.rules.conditions import Beyond, Condition, Consecutive, Down, Group, Leaf, leaves
from ci_reporter.gate.rules.plan import Converge, Plan
from ci_reporter.gate.rules.ruleset import BASELINE_INTERVALS, Command, Gauge, Query, Rule, RuleSet
from ci_reporter.gate.statistics import blocks, decidable
from ci_reporter.gate.statistics.schedule import Schedule

_FEWEST_DOWN = 3  # failed probes; two are not an outage
_MOST_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why something can never be decided. `enforced`: a rule that counts can never fail by any of its comparisons."""

    text: str
    line: int | None = None
    enforced: bool = True

    def sentence(self, source: str) -> str:
        """It with the file and the line."""
        return f"{source}{f' line {self.line}' if self.line else ''}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """How long is watched, and by signal how often it has a sample and how long its baseline is; None is unknown."""

    schedule: Schedule
    rate: Callable[[str | None], float | None]
    baseline_s: Callable[[str], float | None]
    counted: frozenset[str] = frozenset()  # signals of counts or values, which have no probes


def planned_facts(rules: RuleSet, baseline: Recording | None = None, *, compared: bool = True) -> Facts:
    """The facts of a gate that is to come: its baseline is this recording, or, if `compared`, will be of its window."""
    settings = rules.settings
    watch_s = settings.watch_s or rules.plan.watch_s
    extend_s = watch_s if settings.extend_s is None else settings.extend_s
    queried = {query.signal for query in rules.queries}
    others: tuple[Query | Gauge | Command, ...] = (*rules.queries, *rules.gauges, *rules.commands)

    def baseline_s(name: str) -> float | None:
        if baseline is not None:
            return _length_s(baseline, name)
        if not compared:
            return None
        looked_back_s = BASELINE_INTERVALS * settings.interval_s if name in queried else 0.0
        return max(settings.baseline_s, looked_back_s)

    return Facts(
        schedule=Schedule(watch_s=watch_s, extend_s=extend_s, sustain_s=settings.sustain_s),
        rate=_rates(rules),
        baseline_s=baseline_s,
        counted=frozenset(each.signal for each in others),
    )


def recorded_facts(rules: RuleSet, baseline: Recording | None, watch: Recording) -> Facts:
    """The facts of recordings that are there."""

    def rate(name: str | None) -> float | None:
        gap_s = blocks.gap_s(watch.signals.get(name or "", Signal()))
        return 1 / gap_s if gap_s else None

    return Facts(
        schedule=schedule_of(rules, watch),
        rate=rate,
        baseline_s=lambda name: _length_s(baseline, name) if baseline else None,
        counted=frozenset(name for name, each in watch.signals.items() if not each.probes),
    )


def check(rules: RuleSet, facts: Facts) -> None:
    """Raise UsageError where a rule that counts, or converging, can never be decided."""
    found = [each.sentence(rules.source) for each in obstacles(rules, facts) if each.enforced]
    if found:
        more = len(found) - _MOST_SHOWN
        raise UsageError("; ".join([*found[:_MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]))


def obstacles(rules: RuleSet, facts: Facts) -> list[Obstacle]:
    """All there are, in the order of the file."""
    found = list(_of_converge(rules.plan.converge))
    budget = alphas(rules.rules, rules.settings.alpha)
    for rule in rules.rules:
        found += _of_rule(rule, rules, facts, budget[rule.name] / part_count(rule.condition))
    return found


def _of_converge(converge: Converge) -> Iterator[Obstacle]:
    """A timeout in which the matches that are needed cannot be had. Example: 51 at 1/s in 30 s."""
    needed_s = converge.needed / converge.rate
    if needed_s > converge.timeout_s:
        yield Obstacle(
            text=(
                f"converge: can never be reached: {converge.needed} matches in a row at {converge.rate:g}/s take"
                f" {needed_s:g} s, and its timeout is {converge.timeout_s:g} s (write timeout: {ceil(needed_s)}s"
                f" or more, or rate: {ceil(converge.needed / converge.timeout_s)}/s)"
            )
        )


def _of_rule(rule: Rule, rules: RuleSet, facts: Facts, alpha: float) -> Iterator[Obstacle]:
    judged_raw = (rule.judge or rules.settings.judge) == "threshold"
    why = {leaf: _reason(leaf, rule, facts, None if judged_raw else alpha) for leaf in leaves(rule.condition)}
    enforced = rule.mode == "enforce" and _never_fails(rule.condition, why)
    for leaf, text in why.items():
        if text:
            yield Obstacle(line=rule.line, text=f"rule {rule.name!r}: {leaf.text!r} {text}", enforced=enforced)


def _never_fails(condition: Condition, why: dict[Leaf, str | None]) -> bool:
    """An `and` needs all of its parts, an `or` one of them."""
    if not isinstance(condition, Group):
        return why[condition] is not None
    never = [_never_fails(part, why) for part in condition.parts]
    return any(never) if condition.word == "and" else all(never)


def _reason(leaf: Leaf, rule: Rule, facts: Facts, alpha: float | None) -> str | None:
    """Why that comparison can never fail. It spends `alpha`; None is a raw threshold, which decides on anything."""
    end_s, rate = facts.schedule.end_s, facts.rate(leaf.signal)
    if isinstance(leaf, Consecutive):
        return _of_consecutive(leaf, end_s, rate)
    if isinstance(leaf, Down | Beyond):
        fewest = _FEWEST_DOWN if isinstance(leaf, Down) else 1
        needed_s = max(leaf.for_s, (fewest - 1) / rate if rate else 0.0)
        return _of_watch(needed_s, end_s) if needed_s >= end_s else None
    if rate and leaf.signal not in facts.counted and rule.min_probes > rate * end_s:
        return f"can never fail: {end_s:g} s at {rate:g}/s are {rate * end_s:g} probes, and it wants {rule.min_probes}"
    if alpha is None:
        return None
    block_s = max(blocks.SHORTEST_S, float(ceil(1 / rate - 0.25)) if rate else 0.0)
    return decidable.obstacle(leaf, facts.schedule, alpha, facts.baseline_s(leaf.signal), block_s)


def _of_consecutive(leaf: Consecutive, end_s: float, rate: float | None) -> str | None:
    needed_s = (leaf.count - 1) * max(leaf.every_s, 1 / rate if rate else 0.0)
    if needed_s > leaf.within_s:
        return f"can never fail: it needs {needed_s:g} s of {leaf.within_s:g} s (write within {ceil(needed_s)}s)"
    return _of_watch(needed_s, end_s) if needed_s >= end_s else None


def _of_watch(needed_s: float, end_s: float) -> str:
    return f"can never fail: it needs more than {needed_s:g} s of watch, and there are {end_s:g} s"


def _rates(rules: RuleSet) -> Callable[[str | None], float | None]:
    """Samples a second of each signal: as it says itself, else that of all probes."""
    plan: Plan = rules.plan
    found = {ask.signal: ask.rate for ask in plan.asks if ask.rate}
    asked: tuple[Query | Gauge, ...] = (*rules.queries, *rules.gauges)
    found |= {each.signal: 1 / rules.settings.interval_s for each in asked}
    found |= {each.signal: 1 / each.every_s for each in rules.commands}
    if not any(ask.signal == "health" for ask in plan.asks):
        found |= {f"{name}.health" if name else "health": min(plan.rate, 1.0) for name in plan.by_service()}
    return lambda name: found.get(name or "", plan.rate)


def _length_s(recording: Recording, name: str) -> float:
    return blocks.end_s(recording.signals.get(name, Signal()))
