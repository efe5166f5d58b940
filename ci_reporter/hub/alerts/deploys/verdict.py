"""What a service answered before a deploy and since → what the gate's judge says of it, in words for people. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ci_reporter.errors import UsageError
from ci_reporter.gate import judge as judging
from ci_reporter.gate import recording as recordings
from ci_reporter.gate.recording import Count, Probe, Recording, Sample, Signal
from ci_reporter.gate.rules.conditions import DEFAULT_SIGNAL, Relative, leaves
from ci_reporter.gate.rules.ruleset import Rule, RuleSet, Settings
from ci_reporter.gate.statistics import figures, words
from ci_reporter.gate.verdict import FAIL, Verdict
from ci_reporter.hub.alerts.deploys.watchfile import ERRORS, Watch

FEWEST_BEFORE = 10  # answers before a deploy without which nothing is compared with them
_MOST_WORST = 3


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Answers of a service and counts of its requests; times are seconds since the deploy, or since what was before."""

    probes: tuple[Probe, ...] = ()
    counts: tuple[Count, ...] = ()

    def recording(self, phase: str, watch: Watch) -> Recording:
        """As the judge takes it."""
        signals = {}
        if self.probes:
            signals = {DEFAULT_SIGNAL: Signal(probes=self.probes), "health": Signal(probes=self.probes)}
        if self.counts:
            signals[ERRORS] = Signal(counts=self.counts)
        return Recording(
            phase=phase, signals=signals, header={"recording": 1, "phase": phase, "watch_s": watch.watch_s}
        )


def verdict(watch: Watch, before: Seen, since: Seen, at_s: float) -> Verdict | None:
    """What is decided so many seconds after the deploy; None where there is nothing to judge by yet.

    Without enough from before it nothing is compared: a rule about `+200%` is then left out.
    """
    compared = len(before.probes) >= FEWEST_BEFORE or bool(before.counts)
    rules = rules_of(watch, compared=compared)
    seen = since.recording("watch", watch)
    if not rules.rules or not seen.signals:
        return None
    baseline = before.recording("baseline", watch) if compared else None
    if at_s >= watch.watch_s:
        return judging.judge(baseline, seen, rules)
    return judging.judge(baseline, seen, rules, at_s=at_s)


def rules_of(watch: Watch, *, compared: bool) -> RuleSet:
    """The rules that can be held against what is known."""
    kept = [each for each in watch.rules if compared or not _compares(each)]
    settings = Settings(watch_s=watch.watch_s, extend_s=0.0, sustain_s=min(45.0, watch.watch_s / 4), history=0)
    return RuleSet(rules=tuple(kept), settings=settings, source="deployments:")


def _compares(rule: Rule) -> bool:
    return any(isinstance(leaf, Relative) for leaf in leaves(rule.condition))


def sentences(watch: Watch, before: Seen, since: Seen, found: Verdict) -> Iterator[str]:
    """What failed, the figures before and since, and the worst answers."""
    failed = [each for each in found.rules if each.finding.verdict == FAIL]
    for each in failed:
        yield each.text if each.finding.reason.startswith(each.text) else f"{each.text}: {each.finding.reason}"
    old, new = (figures.of_probes(each.probes) for each in (before, since))
    for name, earlier, later, unit in (
        ("errors", old.error_ratio, new.error_ratio, "ratio"),
        ("p95", old.p95_ms, new.p95_ms, "ms"),
    ):
        if later is not None:
            said = words.change(earlier, later, unit) if earlier is not None else words.value(later, unit)
            yield f"{name} of {watch.url}: {said}"
    bad = list(dict.fromkeys(each.reason for each in since.probes if not each.ok and each.reason))
    yield from (f"it answered: {each}" for each in bad[:_MOST_WORST])


def to_lines(seen: Seen) -> str:
    """As the database keeps it: lines of a recording."""
    samples: Sequence[tuple[str, Sample]] = [
        *((DEFAULT_SIGNAL, each) for each in seen.probes),
        *((ERRORS, each) for each in seen.counts),
    ]
    return "\n".join(recordings.line(signal, each) for signal, each in samples)


def read(text: str) -> Seen:
    """What `written` wrote; nothing where it is damaged."""
    probes: list[Probe] = []
    counts: list[Count] = []
    for line in text.splitlines():
        try:
            _, sample = recordings.sample(json.loads(line))
        except (ValueError, UsageError):
            continue
        if isinstance(sample, Probe):
            probes.append(sample)
        elif isinstance(sample, Count):
            counts.append(sample)
    return Seen(probes=tuple(probes), counts=tuple(counts))


def join(first: Seen, second: Seen) -> Seen:
    """What was kept before a restart, and what came since; in the order of time."""
    last_s = first.probes[-1].t if first.probes else -1.0
    return replace(second, probes=(*first.probes, *(each for each in second.probes if each.t > last_s)))
