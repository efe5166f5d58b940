"""Recordings judged afterwards, from files."""

from __future__ import annotations

from dataclasses import replace

from ci_reporter.errors import UsageError
from ci_reporter.gate import recording
from ci_reporter.gate.judge import judge
from ci_reporter.gate.rules import rulefile
from ci_reporter.gate.rules.ruleset import default
from ci_reporter.gate.rules.undecidable import obstacles, recorded_facts
from ci_reporter.gate.verdict import Verdict


def judge_recording(
    watch: str, *, baseline: str | None = None, rules: str | None = None, on: str | None = None
) -> Verdict:
    """Judge a recorded watch as the gate would have judged it then.

    `watch` and `baseline` are paths of recordings (NDJSON), `rules` is the path of a rules file, without which the
    default rules hold; `on` names the deploy, for rules that hold for some deploys only. What recordings of this length
    can never decide is among the notes. Raises UsageError for a file
    that cannot be read, naming the file and the line.
    """
    after = recording.read(watch, "watch")
    before = recording.read(baseline, "baseline") if baseline else None
    known = {*after.signals, *(before.signals if before else ())}
    found = rulefile.load(rules, known) if rules else default(compared=before is not None)
    chosen = found.on(on)
    undecided = obstacles(chosen, recorded_facts(chosen, before, after))
    try:
        verdict = judge(before, after, chosen)
    except UsageError as exc:  # of what the watch's first line says
        raise UsageError(f"{watch} line 1: {exc}") from exc
    return replace(verdict, notes=(*(each.sentence(chosen.source) for each in undecided), *verdict.notes))
