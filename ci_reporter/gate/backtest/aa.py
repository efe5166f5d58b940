"""A/A: the rules on a service that does not change, cut into pairs, and made slower."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.verdict import FAIL

_SLOWDOWNS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
_SHIFT = 0.25  # of a watch: neighbouring pairs share most of what they see


@dataclass(frozen=True, kw_only=True)
class Found:
    """Of `pairs`, how many failed, by which rule; and the share noticed of each slowdown.

    Pairs overlap, so `pairs` says how often was looked, not how much was seen: that are `independent` ones.
    """

    pairs: int
    independent: int
    failed: int
    by_rule: tuple[tuple[str, int], ...]
    noticed: tuple[tuple[float, float], ...]

    @property
    def noise_floor(self) -> float | None:
        """The smallest slowdown, as a share, that at least nine pairs of ten noticed; None where none was."""
        return next((slower for slower, share in self.noticed if share >= 0.9), None)


def measure(recording: Recording, rules: RuleSet, baseline_s: float, watch_s: float) -> Found:
    """Judge every pair of neighbouring windows in one long recording."""
    rules = replace(rules, settings=replace(rules.settings, watch_s=watch_s))
    pairs = list(_pairs(recording, baseline_s, watch_s))
    verdicts = [judge(before, after, rules) for before, after in pairs]
    names = [rule.name for rule in rules.rules]
    failed = {
        name: sum(rule.finding.verdict == FAIL for each in verdicts for rule in each.rules if rule.name == name)
        for name in names
    }
    return Found(
        pairs=len(pairs),
        independent=int(_length_s(recording) // (baseline_s + watch_s)),
        failed=sum(each.verdict == FAIL for each in verdicts),
        by_rule=tuple(failed.items()),
        noticed=tuple((slower, _detection_rate(pairs, rules, slower)) for slower in _SLOWDOWNS if pairs),
    )


def _detection_rate(pairs: Sequence[tuple[Recording, Recording]], rules: RuleSet, slower: float) -> float:
    return sum(judge(before, _slow_down(after, slower), rules).verdict == FAIL for before, after in pairs) / len(pairs)


def _pairs(recording: Recording, baseline_s: float, watch_s: float) -> Iterator[tuple[Recording, Recording]]:
    begin_s, end_s = 0.0, _length_s(recording)
    while begin_s + baseline_s + watch_s <= end_s + 0.5:
        middle_s = begin_s + baseline_s
        yield _cut(recording, "baseline", begin_s, middle_s), _cut(recording, "watch", middle_s, middle_s + watch_s)
        begin_s += _SHIFT * watch_s


def _cut(recording: Recording, phase: str, begin_s: float, end_s: float) -> Recording:
    """A part of a recording, on a clock of its own."""
    there = recording.window(begin_s, end_s).signals
    return Recording(phase=phase, signals={name: _begin_at(signal, begin_s) for name, signal in there.items()})


def _begin_at(signal: Signal, begin_s: float) -> Signal:
    return Signal(
        probes=tuple(replace(each, t=each.t - begin_s) for each in signal.probes),
        counts=tuple(replace(each, t=each.t - begin_s) for each in signal.counts),
    )


def _slow_down(recording: Recording, slower: float) -> Recording:
    """As if every answer took that share longer."""
    return replace(
        recording,
        signals={
            name: replace(signal, probes=tuple(_slow(each, 1 + slower) for each in signal.probes))
            for name, signal in recording.signals.items()
        },
    )


def _slow(probe: Probe, factor: float) -> Probe:
    return probe if probe.latency_ms is None else replace(probe, latency_ms=probe.latency_ms * factor)


def _length_s(recording: Recording) -> float:
    ends = [signal.times[-1] for signal in recording.signals.values() if signal.times]
    return max(ends, default=0.0) + 0.5
