"""A recording in a few figures, as people ask for them: probes, errors, median and p95."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import inf, log
from operator import attrgetter

from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.rules.conditions import DEFAULT_SIGNAL
from ci_reporter.gate.statistics import blocks
from ci_reporter.gate.verdict import Finding, RuleVerdict, Verdict


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one signal's probes in so many seconds; a percentile is None where the answer to it never came."""

    probes: int = 0
    seconds: float = 0.0
    errors: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None

    @property
    def error_ratio(self) -> float | None:
        """The share that failed, 0-1."""
        return self.errors / self.probes if self.probes else None


def of(recording: Recording | None) -> Figures:
    """The figures of what people look at first."""
    return of_probes(main_signal(recording).probes)


def main_signal(recording: Recording | None) -> Signal:
    """The latency signal, of several services those of all together; else the first with probes, or with anything."""
    signals = recording.signals if recording else {}
    if DEFAULT_SIGNAL in signals:
        return signals[DEFAULT_SIGNAL]
    services = [each.probes for name, each in signals.items() if name.endswith(f".{DEFAULT_SIGNAL}")]
    if services:
        return Signal(probes=tuple(sorted(chain.from_iterable(services), key=attrgetter("t"))))
    probed = (each for each in signals.values() if each.probes)
    return next(probed, next((each for each in signals.values() if each.times), Signal()))


def of_probes(probes: Sequence[Probe]) -> Figures:
    """A failed probe is slower than any other, as for the judge."""
    latencies = sorted(each.latency_ms if each.ok and each.latency_ms is not None else inf for each in probes)
    return Figures(
        probes=len(probes),
        seconds=blocks.end_s(Signal(probes=tuple(probes))),
        errors=sum(not each.ok for each in probes),
        p50_ms=_at(latencies, 0.5),
        p95_ms=_at(latencies, 0.95),
    )


def nearest(verdict: Verdict) -> tuple[RuleVerdict, float] | None:
    """The rule whose evidence has come closest to what it needs to fail, and how close: 1 is there."""
    found = [(rule, _nearness(rule.finding)) for rule in verdict.rules]
    return max(found, key=lambda each: each[1]) if found else None


def _nearness(finding: Finding) -> float:
    evidence = finding.p if finding.p is not None else finding.e
    if not evidence or not finding.needed or finding.needed == 1:
        return 0.0
    return max(0.0, log(evidence) / log(finding.needed))


def _at(latencies: Sequence[float], level: float) -> float | None:
    found = blocks.quantile(latencies, level)
    return None if found == inf else found
