"""The judge: recordings and rules to a verdict. Live and afterwards, the same recording gives the same answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from ci_reporter.gate.findings import Findings, Seen
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules.conditions import Condition, Group, Leaf, Limit, Relative, leaves
from ci_reporter.gate.rules.ruleset import Rule, RuleSet
from ci_reporter.gate.statistics import blocks, control, power
from ci_reporter.gate.statistics.learnt import History, from_header
from ci_reporter.gate.statistics.schedule import Look, Schedule
from ci_reporter.gate.verdict import FAIL, INCONCLUSIVE, NOT_YET, PASS, Decision, Finding, RuleVerdict, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BETA = 0.1


def judge(baseline: Recording | None, watch: Recording, rules: RuleSet, *, at_s: float | None = None) -> Verdict:
    """Decide, as it would have been decided while the watch went on.

    Without `at_s` the watch is over, and what is not known by its end is inconclusive. With it the verdict is the one
    that could be given at that second of the watch.
    """
    schedule = schedule_of(rules, watch)
    judging = Judge(baseline, rules, schedule, history_of(rules, watch))
    if at_s is not None:
        return judging.look(watch, at_s)
    return judging.conclude(watch, min(_length_s(watch), schedule.end_s))


def schedule_of(rules: RuleSet, watch: Recording | None = None) -> Schedule:
    """How long the watch was to be: by the rules, else by the recording's first line, else as long as it is."""
    settings = rules.settings
    told = watch.header.get("watch_s") if watch else None
    planned_s = settings.watch_s or (float(told) if isinstance(told, int | float) and told > 0 else None)
    if planned_s is None:
        return Schedule(watch_s=_length_s(watch) if watch else 0.0, sustain_s=settings.sustain_s)
    extend_s = planned_s if settings.extend_s is None else settings.extend_s
    return Schedule(watch_s=planned_s, extend_s=extend_s, sustain_s=settings.sustain_s)


def history_of(rules: RuleSet, watch: Recording) -> History:
    """What the gate that recorded the watch had learnt from gates before it, unless the rules do without."""
    return from_header(watch.header) if rules.settings.history else History()


def _length_s(watch: Recording) -> float:
    return max((blocks.end_s(each) for each in watch.signals.values()), default=0.0)


class Judge:
    """Judges a watch as it goes on. What it says at a second depends on nothing but the recording up to then."""

    def __init__(
        self, baseline: Recording | None, rules: RuleSet, schedule: Schedule, history: History | None = None
    ) -> None:
        self._baseline = baseline
        self._rules = rules
        self._schedule = schedule
        self._history = history or History()
        self._findings = Findings(baseline, rules.settings, self._history)
        self._alphas = alphas(rules.rules, rules.settings.alpha)
        self._last: dict[tuple[str, int], Finding] = {}
        self._looks_s = schedule.looks_s()
        self._settled: Verdict | None = None

    def look(self, watch: Recording, at_s: float) -> Verdict:
        """What is decided at that second; earlier looks that were not taken are taken first."""
        while self._looks_s and self._looks_s[0] <= at_s and not self._settled:
            self._take(watch, self._looks_s.pop(0))
        return self._settled or self._take(watch, min(at_s, self._schedule.end_s))

    def conclude(self, watch: Recording, at_s: float) -> Verdict:
        """The verdict on a watch that is over at that second."""
        found = self.look(watch, at_s)
        if found.settled:
            return found
        if at_s < self._schedule.watch_s:
            self._break_off(at_s)
        return self._verdict(watch, at_s, over=True)

    def _break_off(self, at_s: float) -> None:
        """Say of what is not known that the watch ended too soon; that is missing data, and never a pass."""
        reason = f"the watch ended after {at_s:g} s, and {self._schedule.watch_s:g} s were planned"
        for key, each in self._last.items():
            if each.verdict == NOT_YET and not each.no_data:
                self._last[key] = replace(each, reason=reason, no_data=True)

    def _take(self, watch: Recording, at_s: float) -> Verdict:
        seen = Seen.of(watch, at_s, self._baseline)
        for rule in self._rules.rules:
            for number, leaf in enumerate(leaves(rule.condition)):
                self._look_at(rule, number, leaf, seen, at_s)
        found = self._verdict(watch, at_s, over=at_s >= self._schedule.end_s)
        if found.settled:
            self._settled = found
        return found

    def _look_at(self, rule: Rule, number: int, leaf: Leaf, seen: Seen, at_s: float) -> None:
        """Renew what is known of a comparison; a failure stays one."""
        last = self._last.get((rule.name, number))
        # A failure spent its part of α at the look where it was found. Looking again until it goes away would give
        # the bad deploy a second chance, and `and` rules need failures of different looks to stay.
        if last and last.verdict == FAIL:
            return
        if last and isinstance(leaf, Relative) and not self._schedule.has(at_s):
            return
        self._last[rule.name, number] = self._findings.of(leaf, rule, seen, self._look(rule, at_s))

    def _look(self, rule: Rule, at_s: float) -> Look:
        """A look of that time: with the rule's α, shared by the parts of an `or`, and with β where it may pass."""
        early = self._rules.settings.early_pass
        look = Look(at_s=at_s, schedule=self._schedule, alpha=self._alphas[rule.name] / part_count(rule.condition))
        if not self._schedule.has(at_s):
            return look
        if at_s >= self._schedule.watch_s:
            return replace(look, beta=_BETA)
        if early and at_s >= self._rules.settings.min_watch_s and _compares(self._rules):
            beta = min(early.beta / len(self._schedule.looks_s()), _BETA)
            return replace(look, beta=beta, early=early.margin)
        return look

    def _verdict(self, watch: Recording, at_s: float, *, over: bool) -> Verdict:
        # At the planned end it is over too where more of the watch could not tell what is not known: a rule without
        # data for good, or without a baseline.
        planned = at_s >= self._schedule.watch_s
        open_ = {rule.name: self._rule_finding(rule) for rule in self._rules.rules}
        counted = [open_[rule.name] for rule in self._rules.rules if rule.mode == "enforce"]
        waiting = [each for each in counted if each.verdict == NOT_YET and not each.is_final]
        over = over or (planned and not waiting)
        decision = overall(counted, over=over)
        if decision == NOT_YET:
            return self._overall_verdict(watch, at_s, decision, open_)
        closed = {rule.name: self._final_finding(rule, open_[rule.name], over=over) for rule in self._rules.rules}
        counted = [closed[rule.name] for rule in self._rules.rules if rule.mode == "enforce"]
        return self._overall_verdict(watch, at_s, overall(counted, over=True), closed)

    def _overall_verdict(
        self, watch: Recording, at_s: float, decision: Decision, findings: dict[str, Finding]
    ) -> Verdict:
        settled = decision != NOT_YET
        rules = tuple(
            self._rule_verdict(rule, findings[rule.name], watch, at_s if settled else None)
            for rule in self._rules.rules
        )
        times = [each.finding.decided_at_s for each in rules if each.blocks and each.finding.verdict == decision]
        known = [each for each in times if each is not None]
        when = min(known, default=None) if decision == FAIL else max(known, default=None) if decision == PASS else None
        late = at_s >= self._schedule.watch_s and not settled
        return Verdict(
            verdict=decision,
            decided_at_s=when,
            rules=rules,
            notes=self._notes(watch, at_s),
            settled=settled,
            until_s=self._schedule.end_s if late else self._schedule.watch_s,
        )

    def _rule_verdict(self, rule: Rule, finding: Finding, watch: Recording, at_s: float | None) -> RuleVerdict:
        return RuleVerdict(
            name=rule.name,
            text=rule.text,
            mode=rule.mode,
            policy=_policy(rule, self._rules, finding),
            finding=finding,
            could_have_seen=None if at_s is None else self._power(rule, watch, at_s),
            then=rule.then,
        )

    def _rule_finding(self, rule: Rule) -> Finding:
        return _combine(rule.condition, [each for (name, _), each in self._last.items() if name == rule.name])

    def _final_finding(self, rule: Rule, finding: Finding, *, over: bool) -> Finding:
        """A finding when nothing more is looked at; `over` where that is not because another rule failed."""
        if finding.verdict != NOT_YET:
            return finding
        if over and finding.no_data and rule.no_data != INCONCLUSIVE:
            decision, reason = Decision(rule.no_data), f"{finding.reason}: no_data: {rule.no_data}"
            return replace(finding, verdict=decision, decided_at_s=self._schedule.watch_s, reason=reason)
        return replace(finding, verdict=INCONCLUSIVE, decided_at_s=None)

    def _power(self, rule: Rule, watch: Recording, at_s: float) -> dict[str, Any] | None:
        """What the first comparison of a rule that rests on statistics could have seen."""
        compared = next((leaf for leaf in leaves(rule.condition) if isinstance(leaf, Limit | Relative)), None)
        if compared is None or (rule.judge or self._rules.settings.judge) != "statistics":
            return None
        seen = Seen.of(watch, at_s, self._baseline)
        if not seen.signals.get(compared.signal) or not seen.signals[compared.signal].samples:
            return None
        known = self._findings.evidence(compared.signal, seen, at_s)
        learnt = self._history.of(compared) if isinstance(compared, Relative) else None
        return power.of(compared, known, self._look(rule, at_s), learnt)

    def _notes(self, watch: Recording, at_s: float) -> tuple[str, ...]:
        found = [note for each in (self._baseline, watch) if each for note in each.notes]
        if self._baseline:
            found += [control.note(control.excused_blocks(self._baseline, None), "baseline") or ""]
        found += [control.note(Seen.of(watch, at_s, self._baseline).excused, "watch") or ""]
        return tuple(note for note in found if note)


def alphas(rules: Sequence[Rule], alpha: float) -> dict[str, float]:
    """Each rule's share of the budget by weight. A dry-run rule takes nothing from those that count."""
    counted = [rule for rule in rules if rule.spends_alpha and rule.mode == "enforce"]
    weights = sum(rule.weight for rule in counted)
    return {rule.name: alpha * rule.weight / (weights if rule in counted else weights + rule.weight) for rule in rules}


def overall(findings: Sequence[Finding], *, over: bool) -> Decision:
    """Any rule that fails fails the gate; it passes when all pass; no rule at all proves nothing."""
    words = [each.verdict for each in findings]
    if FAIL in words:
        return FAIL
    if words and all(word == PASS for word in words):
        return PASS
    return INCONCLUSIVE if over else NOT_YET


def _combine(condition: Condition, found: Iterable[Finding]) -> Finding:
    """The finding of a condition from those of its comparisons, in their order."""
    there = iter(found)
    if not isinstance(condition, Group):
        return next(there)
    parts = [_combine(part, there) for part in condition.parts]
    return both(parts) if condition.word == "and" else either(parts)


def both(parts: Sequence[Finding]) -> Finding:
    """`and`: bad where all are, at the last of them; good where one is."""
    good = [part for part in parts if part.verdict == PASS]
    if good:
        return min(good, key=_when)
    opened = [part for part in parts if part.verdict != FAIL]
    return opened[0] if opened else max(parts, key=_when)


def either(parts: Sequence[Finding]) -> Finding:
    """`or`: bad where one is, at the first of them; good where all are."""
    bad = [part for part in parts if part.verdict == FAIL]
    if bad:
        return min(bad, key=_when)
    opened = [part for part in parts if part.verdict != PASS]
    return opened[0] if opened else max(parts, key=_when)


def _when(finding: Finding) -> float:
    return inf if finding.decided_at_s is None else finding.decided_at_s


def part_count(condition: Condition) -> int:
    """Among how many comparisons a condition divides its α: those of an `or`, as any of them fails it."""
    if not isinstance(condition, Group):
        return 1
    inside = [part_count(part) for part in condition.parts]
    return sum(inside) if condition.word == "or" else max(inside)


def _compares(rules: RuleSet) -> bool:
    """Whether a rule that counts compares with the baseline."""
    counted = [rule for rule in rules.rules if rule.mode == "enforce"]
    return any(isinstance(leaf, Relative) for rule in counted for leaf in leaves(rule.condition))


def _policy(rule: Rule, rules: RuleSet, finding: Finding) -> str:
    """What being inconclusive does. A watch without data is never let through by the relative rules' leniency."""
    if rule.inconclusive:
        return rule.inconclusive
    if finding.no_data:
        return "fail"
    relative = all(isinstance(leaf, Relative) for leaf in leaves(rule.condition))
    return rules.settings.inconclusive["relative" if relative else "absolute"]
