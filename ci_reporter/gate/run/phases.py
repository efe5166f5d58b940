"""The phases of a gate, one function each: what is probed, for how long, and when it is over.

Each draws on a `Source` of samples and tells a `Show` how far it is; the world's clock is the source's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import floor, inf

from ci_reporter.gate.judge import judge
from ci_reporter.gate.probing import converge
from ci_reporter.gate.probing.buffer import Tape
from ci_reporter.gate.recording import Count, Probe, Recording
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.verdict import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Source(Protocol):
        """Where samples come from while a phase runs."""

        def poll(self) -> Iterable[tuple[str, Probe | Count]]:
            """Samples that have come since the last call."""

        def elapsed_s(self) -> float:
            """Seconds since its t = 0."""

        def settled_s(self) -> float:
            """Every probe that was due before this time has come."""

        def stop(self, wait: bool = True) -> None:
            """Begin no more probes; with `wait` those under way end first."""


_JUDGING_SHARE = 0.2  # of one core, at most, goes into judging while the watch goes on


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Where a phase is: what a person wants to see of it."""

    phase: str
    elapsed_s: float
    of_s: float
    recording: Recording | None = None
    converging: converge.Progress | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, kw_only=True)
class World:
    """What a phase needs of the world: a pause between two looks, a clock, somebody to tell."""

    pause: Callable[[], None]
    clock: Callable[[], float]
    show: Callable[[Moment], None]


def converged(
    source: Source, expected: str | None, rules: RuleSet, world: World
) -> tuple[converge.Progress, Recording]:
    """Probe until the rollout is over or its time is up; what was seen on the way is kept."""
    settings, tape = rules.plan.converge, Tape("watch")
    while True:
        late = source.elapsed_s() >= settings.timeout_s
        if late:
            source.stop()
        tape.add(source.poll())
        seen = tape.recording(inf if late else source.settled_s())
        found = converge.progress(
            [probe for signal in seen.signals.values() for probe in signal.probes], expected, settings
        )
        moment = Moment(phase="converge", elapsed_s=source.elapsed_s(), of_s=settings.timeout_s, converging=found)
        world.show(moment)
        if found.over or late:
            source.stop(wait=False)
            return found, seen
        world.pause()


def recorded(source: Source, phase: str, seconds: float, world: World) -> Recording:
    """Probe for so many seconds."""
    tape = Tape(phase)
    settled, settled_s = tape.recording(0.0), 0.0
    while source.elapsed_s() < seconds:
        tape.add(source.poll())
        if (now_s := float(floor(source.settled_s()))) > settled_s:
            settled, settled_s = tape.recording(now_s), now_s
        world.show(Moment(phase=phase, elapsed_s=source.elapsed_s(), of_s=seconds, recording=settled))
        world.pause()
    source.stop()
    tape.add(source.poll())
    return _until(tape.recording(), seconds)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The watch as far as it went, the warm-up before it, and the verdict on it."""

    verdict: Verdict
    watch: Recording
    warmup: Recording


def watched(source: Source, baseline: Recording | None, rules: RuleSet, world: World) -> Watched:
    """Warm up, then watch until the verdict is settled or the time is up."""
    plan = rules.plan
    warmup, tape = Tape("watch"), Tape("watch", plan.warmup_s)
    judging = Judging(baseline, rules, world.clock)
    watch, settled_s = tape.recording(plan.warmup_s), 0.0
    while (elapsed_s := source.elapsed_s() - plan.warmup_s) < plan.watch_s:
        new = list(source.poll())
        warmup.add(sample for sample in new if sample[1].t < plan.warmup_s)
        tape.add(new)
        if (now_s := float(floor(source.settled_s() - plan.warmup_s))) > settled_s:
            watch, settled_s = tape.recording(now_s + plan.warmup_s), now_s
        verdict = judging.at(settled_s, watch) if settled_s > 0 else None
        world.show(_moment(elapsed_s, rules, warmup.recording() if elapsed_s < 0 else watch, verdict))
        if verdict and verdict.settled:
            source.stop(wait=False)
            return Watched(verdict=judge(baseline, watch, rules), watch=watch, warmup=warmup.recording())
        world.pause()
    source.stop()
    tape.add(source.poll())
    watch = _until(tape.recording(), plan.watch_s)
    return Watched(verdict=judge(baseline, watch, rules), watch=watch, warmup=warmup.recording())


class Judging:
    """Judges the watch so far at every whole second, but no more often than one core has time for."""

    def __init__(self, baseline: Recording | None, rules: RuleSet, clock: Callable[[], float]) -> None:
        self._baseline = baseline
        self._rules = rules
        self._clock = clock
        self._seen_s = 0.0
        self._not_before = 0.0
        self._last: Verdict | None = None

    def at(self, settled_s: float, watch: Recording) -> Verdict | None:
        """The verdict on what is settled; the last one where nothing new is, or it is too early to judge again."""
        begun = self._clock()
        if settled_s > self._seen_s and begun >= self._not_before:
            self._last = judge(self._baseline, watch, self._rules, ended=False)
            self._seen_s = settled_s
            ended = self._clock()
            self._not_before = ended + (ended - begun) / _JUDGING_SHARE
        return self._last


def _moment(elapsed_s: float, rules: RuleSet, seen: Recording, verdict: Verdict | None) -> Moment:
    plan = rules.plan
    if elapsed_s < 0:
        return Moment(phase="warm-up", elapsed_s=elapsed_s + plan.warmup_s, of_s=plan.warmup_s, recording=seen)
    return Moment(phase="watch", elapsed_s=elapsed_s, of_s=plan.watch_s, recording=seen, verdict=verdict)


def _until(recording: Recording, seconds: float) -> Recording:
    """Without what was begun after the end."""
    return replace(
        recording,
        signals={
            name: replace(signal, probes=tuple(each for each in signal.probes if each.t < seconds))
            for name, signal in recording.signals.items()
        },
    )
