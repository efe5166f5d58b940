"""The judge: recordings and rules to a verdict. A pure function; the same input always gives the same answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.rules.conditions import Condition, Consecutive, Down, Group, Limit, Relative, leaves
from ci_reporter.gate.rules.ruleset import Rule, RuleSet, Settings
from ci_reporter.gate.statistics import blocks, compare, consecutive, control, early_pass, power
from ci_reporter.gate.statistics.evidence import Evidence, worst
from ci_reporter.gate.verdict import FAIL, INCONCLUSIVE, PASS, Finding, RuleVerdict, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def judge(baseline: Recording | None, watch: Recording, rules: RuleSet, *, ended: bool = True) -> Verdict:
    """Decide, as it would have been decided while the watch went on.

    A watch that has not `ended` can fail, or pass early; missing data and raw thresholds are judged at its end.
    """
    watch = control.without_trouble(watch, baseline)
    baseline = control.without_trouble(baseline, None) if baseline else None
    notes = tuple(note for each in (baseline, watch) if each for note in each.notes)
    watch_s = rules.settings.watch_s or max((blocks.end_s(each.times) for each in watch.signals.values()), default=0.0)
    before = baseline.signals if baseline else {}
    windows = Windows(before=before, after=watch.signals, watch_s=watch_s, ended=ended)
    found = _judged_rules(rules, windows)
    early_s = early_pass.at_s(before, watch.signals, rules, watch_s)
    if early_s is not None and not _failed_by(found, early_s):
        found = _judged_rules(rules, replace(windows, after=_until(watch.signals, early_s)))
    verdict, decided_at_s = overall(found)
    settled = ended or verdict == FAIL or early_s is not None
    return Verdict(verdict=verdict, decided_at_s=decided_at_s, rules=found, notes=notes, settled=settled)


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Both phases' signals, how long the watch was to be, and whether that time is over."""

    before: Mapping[str, Signal]
    after: Mapping[str, Signal]
    watch_s: float
    ended: bool = True


def _judged_rules(rules: RuleSet, windows: Windows) -> tuple[RuleVerdict, ...]:
    budget = alphas(rules.rules, rules.settings.alpha)
    return tuple(_judged_rule(rule, rules.settings, windows, budget[rule.name]) for rule in rules.rules)


def _judged_rule(rule: Rule, settings: Settings, windows: Windows, alpha: float) -> RuleVerdict:
    finding = _finding(rule, settings, windows, alpha)
    return RuleVerdict(
        name=rule.name,
        text=rule.text,
        mode=rule.mode,
        policy=_policy(rule, settings, finding),
        finding=finding,
        could_have_seen=_power(rule, settings, windows, alpha),
        then=rule.then,
    )


def _failed_by(found: Sequence[RuleVerdict], time_s: float) -> bool:
    return any(rule.blocks and rule.finding.verdict == FAIL and _when(rule.finding) <= time_s for rule in found)


def _until(signals: Mapping[str, Signal], time_s: float) -> dict[str, Signal]:
    return {
        name: Signal(
            probes=tuple(each for each in signal.probes if each.t < time_s),
            counts=tuple(each for each in signal.counts if each.t < time_s),
        )
        for name, signal in signals.items()
    }


def _power(rule: Rule, settings: Settings, windows: Windows, alpha: float) -> dict[str, Any] | None:
    """What the first comparison of a rule that rests on statistics could have seen."""
    compared = next((leaf for leaf in leaves(rule.condition) if isinstance(leaf, Limit | Relative)), None)
    if not windows.ended:
        return None
    if compared is None or (rule.judge or settings.judge) != "statistics":
        return None
    signal, old = windows.after.get(compared.signal), windows.before.get(compared.signal)
    if signal is None or not signal.times or (isinstance(compared, Relative) and (old is None or not old.times)):
        return None
    if signal.counts and (compared.limit_ms if isinstance(compared, Limit) else compared.quantile) is not None:
        return None
    seen = Evidence(watch=signal, baseline=old, watch_s=windows.watch_s)
    found = (
        power.of_limit(compared, seen, alpha)
        if isinstance(compared, Limit)
        else power.of_relative(compared, seen, alpha)
    )
    return found | {"text": power.sentence(found)}


def alphas(rules: Sequence[Rule], alpha: float) -> dict[str, float]:
    """Each rule's share of the budget by weight. A dry-run rule takes nothing from those that count."""
    counted = [rule for rule in rules if rule.spends_alpha and rule.mode == "enforce"]
    weights = sum(rule.weight for rule in counted)
    return {rule.name: alpha * rule.weight / (weights if rule in counted else weights + rule.weight) for rule in rules}


def overall(rules: Iterable[RuleVerdict]) -> tuple[str, float | None]:
    """Any failing rule that blocks fails; else any inconclusive one leaves it open; no rule at all proves nothing."""
    counted = [rule.finding for rule in rules if rule.blocks]
    failed = [finding.decided_at_s for finding in counted if finding.verdict == FAIL]
    if failed:
        return FAIL, min(at_s for at_s in failed if at_s is not None)
    if not counted or any(finding.verdict == INCONCLUSIVE for finding in counted):
        return INCONCLUSIVE, None
    return PASS, max(finding.decided_at_s or 0.0 for finding in counted)


def _finding(rule: Rule, settings: Settings, windows: Windows, alpha: float) -> Finding:
    finding = _of(rule.condition, rule, settings, windows, alpha)
    if finding.no_data and rule.no_data != INCONCLUSIVE and windows.ended:
        verdict = rule.no_data
        return replace(
            finding, verdict=verdict, decided_at_s=windows.watch_s, reason=f"{finding.reason}: no_data: {verdict}"
        )
    ended_s = max((blocks.end_s(each.times) for each in windows.after.values()), default=0.0)
    if finding.verdict == PASS and ended_s < min(settings.min_watch_s, windows.watch_s):
        reason = f"the watch ended after {ended_s:g} s, before min_watch of {settings.min_watch_s:g} s"
        return replace(finding, verdict=INCONCLUSIVE, decided_at_s=None, reason=reason)
    return finding


def _of(condition: Condition, rule: Rule, settings: Settings, windows: Windows, alpha: float) -> Finding:
    if isinstance(condition, Group):
        share = alpha / len(condition.parts) if condition.word == "or" else alpha
        parts = [_of(part, rule, settings, windows, share) for part in condition.parts]
        return both(parts) if condition.word == "and" else either(parts)
    if isinstance(condition, Consecutive | Down):
        return _in_a_row(condition, windows, rule)
    return _compared(condition, rule, settings, windows, alpha)


def both(parts: Sequence[Finding]) -> Finding:
    """`and`: bad where all are, at the last of them; good where one is."""
    good = [part for part in parts if part.verdict == PASS]
    if good:
        return min(good, key=_when)
    opened = [part for part in parts if part.verdict == INCONCLUSIVE]
    return opened[0] if opened else max(parts, key=_when)


def either(parts: Sequence[Finding]) -> Finding:
    """`or`: bad where one is, at the first of them; good where all are."""
    bad = [part for part in parts if part.verdict == FAIL]
    if bad:
        return min(bad, key=_when)
    opened = [part for part in parts if part.verdict == INCONCLUSIVE]
    return opened[0] if opened else max(parts, key=_when)


def _when(finding: Finding) -> float:
    return inf if finding.decided_at_s is None else finding.decided_at_s


def _compared(leaf: Limit | Relative, rule: Rule, settings: Settings, windows: Windows, alpha: float) -> Finding:
    signal, old = windows.after.get(leaf.signal), windows.before.get(leaf.signal)
    if signal is None or not signal.times:
        return _nothing(f"the watch has no samples of {leaf.signal}")
    if isinstance(leaf, Relative) and (old is None or not old.times):
        return Finding(verdict=INCONCLUSIVE, reason=f"the baseline has no samples of {leaf.signal}")
    if signal.counts and (leaf.limit_ms if isinstance(leaf, Limit) else leaf.quantile) is not None:
        return _nothing(f"{leaf.signal} holds counts, which have no latency")
    seen = Evidence(watch=signal, baseline=old, watch_s=windows.watch_s, not_before_s=_enough_at_s(rule, signal))
    if not blocks.seen(seen.new):
        return _nothing(f"the watch has no complete block of {leaf.signal}")
    finding = _judged(leaf, rule.judge or settings.judge, seen, alpha, ended=windows.ended)
    if finding.verdict == PASS and len(signal.times) < rule.min_probes and signal.probes:
        reason = f"{len(signal.probes)} probes, and the rule wants {rule.min_probes}"
        return replace(finding, verdict=INCONCLUSIVE, reason=reason, decided_at_s=None)
    return finding


def _judged(leaf: Limit | Relative, judge: str, seen: Evidence, alpha: float, *, ended: bool) -> Finding:
    if judge == "threshold":
        later = Finding(verdict=INCONCLUSIVE, reason="a raw threshold is judged at the end of the watch")
        return compare.threshold(leaf, seen) if ended else later
    return compare.limit(leaf, seen, alpha) if isinstance(leaf, Limit) else compare.against_baseline(leaf, seen, alpha)


def _enough_at_s(rule: Rule, signal: Signal) -> float:
    """When the rule's own minimum of probes and errors had been seen; infinite where it never was."""
    errors = [probe.t for probe in signal.probes if not probe.ok]
    if signal.counts:
        return 0.0
    wanted = [(signal.times, rule.min_probes), (errors, rule.min_errors)]
    return max((times[least - 1] if least <= len(times) else inf) if least else 0.0 for times, least in wanted)


def _in_a_row(leaf: Consecutive | Down, windows: Windows, rule: Rule) -> Finding:
    chosen = {name: each for name, each in windows.after.items() if each.probes and leaf.signal in (None, name)}
    if not chosen:
        return _nothing(f"the watch has no probes{f' of {leaf.signal}' if leaf.signal else ''}")
    most = max(consecutive.longest(signal.probes) for signal in chosen.values())
    hits = {
        name: hit
        for name, signal in chosen.items()
        if (hit := _hit(leaf, signal)) and hit.t < windows.watch_s and hit.t >= _enough_at_s(rule, signal)
    }
    common: dict[str, Any] = {"statistic": "failures in a row", "watch": float(most), "unit": "failures"}
    if not hits:
        end_s = min(windows.watch_s, max(blocks.end_s(each.times) for each in chosen.values()))
        return Finding(verdict=PASS, reason=f"at most {most} in a row failed", decided_at_s=end_s, **common)
    name = min(hits, key=lambda name: hits[name].t)
    at_s = hits[name].t
    reason = f"{leaf.text} ({name})"
    return Finding(verdict=FAIL, reason=reason, decided_at_s=at_s, worst=worst(chosen[name], False, at_s), **common)


def _hit(leaf: Consecutive | Down, signal: Signal) -> Probe | None:
    if isinstance(leaf, Down):
        return consecutive.down(signal.probes, leaf.for_s)
    return consecutive.in_a_row(signal.probes, leaf.count, leaf.within_s)


def _nothing(reason: str) -> Finding:
    return Finding(verdict=INCONCLUSIVE, reason=reason, no_data=True)


def _policy(rule: Rule, settings: Settings, finding: Finding) -> str:
    """What being inconclusive does. A watch without data is never let through by the relative rules' leniency."""
    if rule.inconclusive:
        return rule.inconclusive
    relative = all(isinstance(leaf, Relative) for leaf in leaves(rule.condition))
    if finding.no_data:
        return "fail"
    return settings.inconclusive["relative" if relative else "absolute"]
