"""The last lines of a gate that is not green, for somebody who reads nothing else.

What failed, by how much, since when, how sure, what was done, what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ci_reporter.gate.run.outcome import Outcome, sentence
from ci_reporter.gate.statistics import words
from ci_reporter.gate.verdict import FAIL, PASS, Finding, RuleVerdict
from ci_reporter.surfaces.terminal import plain

_WIDTH = 10
_SHOWN = 12
_LONGEST = 500


def conclusion(outcome: Outcome, evidence: str | None = None) -> list[str]:
    """The lines, each with its heading; none for a pass. `evidence` is the folder in which the recordings are."""
    if outcome.verdict and outcome.verdict.verdict == PASS:
        return []
    found = [*rows(outcome), *((("evidence", evidence),) if evidence else ())]
    return [f"{heading:<{_WIDTH}}{plain(text, _LONGEST)}" for heading, text in found if text]


def rows(outcome: Outcome) -> list[tuple[str, str]]:
    """Heading and text of each line; some texts are empty."""
    return [*_what(outcome), ("done", _action_text(outcome)), ("to do", _to_do(outcome))]


def _what(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """What failed, by how much, since when and how sure; of several rules the first one, and the others' names."""
    rules = _decisive_rules(outcome)
    if not rules:
        yield "what", sentence(outcome)
        return
    first = min(rules, key=_when)
    name = first.name if first.name == first.text else f"{first.name} ({first.text})"
    yield "what", f"{name}: {_how_much(first.finding)}"
    yield "since", _since(first.finding)
    sure = _how_sure(first.finding)
    yield "how sure", sure if sure != _how_much(first.finding) else ""
    others = [rule.name for rule in rules if rule is not first]
    yield "also", ", ".join(others)


def _decisive_rules(outcome: Outcome) -> Sequence[RuleVerdict]:
    """The rules that made the verdict what it is."""
    if not outcome.verdict:
        return []
    word = outcome.verdict.verdict
    return [rule for rule in outcome.verdict.rules if rule.blocks and rule.finding.verdict == word]


def _when(rule: RuleVerdict) -> float:
    return rule.finding.decided_at_s if rule.finding.decided_at_s is not None else float("inf")


def _how_much(finding: Finding) -> str:
    if finding.statistic == "value" and finding.watch is not None:
        return f"the value reached {finding.watch:g}"
    if finding.unit == "failures" and finding.watch is not None:
        where = re.search(r" \([^()]+\)$", finding.reason)  # the signal, which may be that of one of several services
        return f"{finding.watch:g} failures in a row{where[0] if where else ''}"
    if finding.baseline is not None and finding.watch is not None:
        return words.change(finding.baseline, finding.watch, finding.unit)
    return finding.reason


def _since(finding: Finding) -> str:
    if finding.verdict != FAIL:
        return ""
    begun = f"{finding.since_s:.0f} s into the watch" if finding.since_s else "the start of the watch"
    begun = begun if finding.since_s is not None else ""
    decided = f"decided {finding.decided_at_s:.0f} s into the watch" if finding.decided_at_s is not None else ""
    return "; ".join(part for part in (begun, decided) if part)


def _how_sure(finding: Finding) -> str:
    if finding.verdict == FAIL and (finding.unit == "failures" or finding.statistic == "value"):
        return "counted, not estimated" if finding.unit == "failures" else "measured, not estimated"
    if finding.verdict == FAIL and finding.p is not None and finding.needed is not None:
        return f"p = {finding.p:.2g}, where {finding.needed:.2g} is enough ({finding.statistic})"
    if finding.verdict == FAIL and finding.e is not None and finding.needed is not None:
        return f"e = {finding.e:.3g}, where {finding.needed:.3g} is enough ({finding.statistic})"
    return finding.reason


def _action_text(outcome: Outcome) -> str:
    """What was set in motion, and what became of it."""
    parts = [_action(outcome, at) for at in range(len(outcome.actions))]
    if outcome.rollback and outcome.rollback.statement not in parts:
        parts.append(outcome.rollback.statement)
    return "; ".join(parts) or "nothing: no action was to be run"


def _action(outcome: Outcome, at: int) -> str:
    result = outcome.actions[at]
    if result.problem:
        return result.problem
    if result.action.run:
        return f"{result.action.name} ran for {result.seconds:.1f} s"
    return f"{result.action.name} was told{f' to {result.action.to}' if result.action.to else ''}"


def _to_do(outcome: Outcome) -> str:
    if (outcome.signal or outcome.error) and not outcome.verdict and not outcome.rollback:
        return "run the gate again, or look at the service yourself: nothing was decided"
    if outcome.rollback:
        if outcome.rollback.verified:
            return "the last good revision serves again; mend the change before you deploy it again"
        return "look at the service now: nobody can say that the last good revision is back"
    if outcome.deploy_failed:
        return "look at the output of the deploy command; the service may be half deployed"
    return _look_at(outcome)


def _look_at(outcome: Outcome) -> str:
    if outcome.verdict is None:
        seen = outcome.convergence
        if seen and seen.services:
            names = [name for name, each in seen.services if not each.over]
            return f"look at the rollout of {', '.join(names) or 'all services'}"
        expected = seen.expected if seen else None
        what = f"revision {expected[:_SHOWN]} does not answer everywhere" if expected else "not every answer is good"
        return f"look at the rollout: {what}"
    if outcome.verdict.verdict == FAIL:
        return "roll back or mend it: the new revision still serves"
    if any(rule.finding.no_data for rule in _decisive_rules(outcome)):
        return "find out why data is missing (the notes above may say it), or look at the service yourself"
    return "watch longer, with a longer baseline or more probes, or look at the service yourself"
