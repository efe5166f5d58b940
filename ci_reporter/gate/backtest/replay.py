"""Rules held against past deploys: how often they would have stopped one that was kept, and how often not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.verdict import FAIL, PASS, Verdict


@dataclass(frozen=True, kw_only=True)
class Past:
    """A deploy of the past: what was decided then, and what was seen."""

    name: str
    decided: str
    finished_at: str
    baseline: Recording | None
    watch: Recording


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A past deploy under these rules."""

    past: Past
    verdict: Verdict


def rejudge(pasts: Iterable[Past], rules: RuleSet) -> list[Replayed]:
    """Judge each again. The watch was as long as it was, so a rule is asked what it says of that."""
    unbounded = replace(rules, settings=replace(rules.settings, watch_s=None))
    return [Replayed(past=each, verdict=judge(each.baseline, each.watch, unbounded)) for each in pasts]


def sentence(found: Sequence[Replayed]) -> str:
    """`would have failed 3 of your last 50 good deploys, and 2 of 2 bad ones`."""
    good = [each for each in found if each.past.decided == PASS]
    bad = [each for each in found if each.past.decided == FAIL]
    said = f"would have failed {_failure_count(good)} of your last {len(good)} good deploys"
    return f"{said}, and {_failure_count(bad)} of {len(bad)} bad ones" if bad else said


def _failure_count(found: Sequence[Replayed]) -> int:
    return sum(each.verdict.verdict == FAIL for each in found)
