"""A verdict as a person reads it: what failed, by how much, when, on which evidence, and what could not be seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ci_reporter.gate.run.conclusion import conclusion
from ci_reporter.gate.run.outcome import Outcome, sentence
from ci_reporter.gate.verdict import Finding, RuleVerdict, Verdict
from ci_reporter.surfaces import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_COLOURS = {"pass": "32", "fail": "31", "inconclusive": "33"}


def verdict_text(verdict: Verdict, *, colour: bool = False) -> str:
    """The verdict, one paragraph a rule."""
    when = f" after {verdict.decided_at_s:g} s" if verdict.decided_at_s is not None else ""
    lines = [f"gate: {_in_colour(verdict.verdict, colour)}{when}{_consequence(verdict)}"]
    for rule in verdict.rules:
        lines += ["", *_rule(rule, colour)]
    if not verdict.rules:
        lines.append("  no rule applies, and a gate without rules never passes")
    return "\n".join(lines)


def outcome_text(found: Outcome, evidence: str | None = None, *, colour: bool = False) -> str:
    """The verdict, what came before it, and, of one that is not a pass, the last lines that say all that matters."""
    before = [f"converge: {terminal.plain(found.statement, 600)}"] if found.statement else []
    before += [f"note: {terminal.plain(note, 400)}" for note in found.notes]
    judged = verdict_text(found.verdict, colour=colour) if found.verdict else _headline(found, colour)
    after = conclusion(found, evidence)
    return "\n".join([*before, judged, *([""] if after else []), *after])


def _headline(found: Outcome, colour: bool) -> str:
    """A gate without a verdict: the deploy failed, the rollout did not converge, or it was interrupted."""
    why = f": {terminal.plain(sentence(found), 600)}" if found.deploy_failed or found.signal else ""
    return f"gate: {_in_colour(found.word, colour)}{why}"


def _consequence(verdict: Verdict) -> str:
    if verdict.verdict != "inconclusive":
        return ""
    return (
        " (fails the job: inconclusive: fail)" if verdict.exit_code else " (does not fail the job: inconclusive: warn)"
    )


def _rule(rule: RuleVerdict, colour: bool) -> Iterator[str]:
    found = rule.finding
    when = f" at {found.decided_at_s:g} s" if found.verdict == "fail" and found.decided_at_s is not None else ""
    trial = " (dry-run)" if not rule.blocks else ""
    text = "" if rule.text == rule.name else f"  {terminal.plain(rule.text, 200)}"
    yield f"  {_in_colour(found.verdict, colour)}{when}{trial}  {terminal.plain(rule.name, 100)}{text}"
    yield f"    {terminal.plain(found.reason, 300)}"
    yield from _evidence(found)
    for each in found.worst:
        yield f"    worst: {_probe(each)}"
    if rule.could_have_seen:
        yield f"    this watch could have seen: {rule.could_have_seen['text']}"
    if found.verdict == "fail" and rule.then:
        yield f"    then: {', '.join(rule.then)}"


def _evidence(found: Finding) -> Iterator[str]:
    if found.p is not None:
        yield f"    p = {found.p:.2g} ({found.statistic}); fails at {found.needed:.2g} or less"
    if found.e is not None:
        yield f"    e = {found.e:.3g} ({found.statistic}); fails at {found.needed:.3g} or more"


def _probe(probe: Mapping[str, Any]) -> str:
    latency = "no answer" if probe["latency_ms"] is None else f"{probe['latency_ms']:.4g} ms"
    named = "status" in (probe.get("reason") or "")
    status = f", status {probe['status']}" if probe["status"] is not None and not named else ""
    revision = f", revision {terminal.plain(probe['revision'], 12)}" if probe["revision"] else ""
    said = f", {terminal.plain(probe['reason'], 120)}" if probe.get("reason") else "" if probe["ok"] else ", failed"
    response = f": {terminal.plain(probe['response'], 120)}" if probe.get("response") else ""
    return f"t = {probe['t']:.1f} s: {latency}{status}{revision}{said}{response}"


def _in_colour(word: str, colour: bool) -> str:
    return f"\x1b[{_COLOURS[word]}m{word}\x1b[0m" if colour else word
