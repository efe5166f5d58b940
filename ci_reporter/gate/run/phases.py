"""The phases of a gate, one function each: what is probed, for how long, and when it is over.

Each draws on a `Source` of samples and shows a `World` how far it is; the phase's clock is the source's. A phase that
is interrupted lets the probes under way go and returns what it has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import floor, inf

from ci_reporter.gate.judge import Judge, schedule_of
from ci_reporter.gate.probing import converge, targets
from ci_reporter.gate.probing.buffer import Buffer
from ci_reporter.gate.probing.converge import Convergence
from ci_reporter.gate.recording import Probe, Recording, Sample
from ci_reporter.gate.rules.plan import Converge, Plan
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.run.progress import Moment, Phase
from ci_reporter.gate.run.world import World
from ci_reporter.gate.statistics.learnt import History, to_header
from ci_reporter.gate.verdict import FAIL, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Source(Protocol):
        """Where samples come from while a phase runs."""

        def poll(self) -> Iterable[tuple[str, Sample]]:
            """Samples that have come since the last call."""

        def elapsed_s(self) -> float:
            """Seconds since its t = 0."""

        def settled_s(self) -> float:
            """Every probe that was due before this time has come."""

        def finish(self) -> None:
            """Begin no more probes; those under way end by themselves."""

        def is_finished(self) -> bool:
            """Whether none is under way any more."""

        def stop(self) -> None:
            """Let go of those under way."""


_GRACE_S = 5.0  # after a probe's timeout, for what was due by the end of the watch
_JUDGING_SHARE = 0.2  # of one core, at most, goes into judging while too early for a pass


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What converging waits for: a revision, or good answers; `candidates` are those from before a relapse.

    Of several services `services` has what each of them must answer, and `before` how far they were before a relapse.
    """

    expected: str | None
    settings: Converge
    candidates: int | None = None
    phase: Phase = Phase.CONVERGE
    services: Mapping[str, str | None] = field(default_factory=dict)
    before: Convergence | None = None

    def found_in(self, seen: Recording) -> Convergence:
        """How far it has come."""
        if not self.services:
            return converge.convergence(_probes(seen), self.expected, self.settings, self.candidates)
        probes = {name: _probes_of(seen, targets.signal_of(name, targets.HEALTH)) for name in self.services}
        return converge.of_services(probes, self.services, self.settings, self.before)


def wait_for_revision(source: Source, wanted: Wanted, world: World) -> tuple[Convergence, Recording]:
    """Probe until the rollout is over or its time is up; what was seen on the way is returned too."""
    settings = wanted.settings
    buffer = Buffer("watch")
    while True:
        late = source.elapsed_s() >= settings.timeout_s
        if late:
            _drain(source, world)
        buffer.add(source.poll())
        seen = buffer.recording(inf if late else source.settled_s())
        found = wanted.found_in(seen)
        elapsed_s = min(source.elapsed_s(), settings.timeout_s)
        world.progress.show(Moment(phase=wanted.phase, elapsed_s=elapsed_s, of_s=settings.timeout_s, convergence=found))
        if found.over or late or world.interrupted:
            source.stop()
            return found, seen
        world.pause()


def record(source: Source, seconds: float, world: World) -> Recording:
    """Probe for so many seconds, as a baseline."""
    buffer = Buffer("baseline")
    settled, settled_s = buffer.recording(0.0), 0.0
    while source.elapsed_s() < seconds and not world.interrupted:
        buffer.add(source.poll())
        if (now_s := float(floor(source.settled_s()))) > settled_s:
            settled, settled_s = buffer.recording(now_s), now_s
        world.progress.show(Moment(phase=Phase.BASELINE, elapsed_s=source.elapsed_s(), of_s=seconds, recording=settled))
        world.pause()
    _drain(source, world)
    buffer.add(source.poll())
    source.stop()
    return buffer.recording().until(seconds)


@dataclass(frozen=True, kw_only=True)
class Revisions:
    """How many answers told a revision, how many of them another one than was expected, and the first of those.

    The first one stands with the name of its signal.
    """

    answers: int = 0
    old: int = 0
    first_old: tuple[str, Probe] | None = None


@dataclass(frozen=True, kw_only=True)
class Watch:
    """The watch as far as it went, the warm-up before it, and the verdict.

    It has no verdict where it was interrupted, or where another revision answered; `at_end` then tells whether that was
    seen only when the watch was over.
    """

    verdict: Verdict | None
    recording: Recording
    warmup: Recording
    revisions: Revisions = Revisions()
    at_end: bool = False


def watch(
    source: Source,
    baseline: Recording | None,
    rules: RuleSet,
    world: World,
    expected: Mapping[str, str] | None = None,
    history: History | None = None,
) -> Watch:
    """Warm up, then watch until the verdict is settled, another revision answers, or the time is up.

    The watch goes on for a little longer than `judging.until_s`, as what was due by then comes late, and that judgement
    decides whether it is extended. `expected` has the revision that each of the signals that tell one must name,
    `history` what past gates taught about the noise; the recording tells it again.
    """
    plan = rules.plan
    buffers = _Buffers(plan, expected or {}, history or History())
    judging = _Judging(baseline, rules, world.clock, history)
    while not judging.late(elapsed_s := source.elapsed_s() - plan.warmup_s) and not world.interrupted:
        seen, settled_s = buffers.take(source)
        verdict = judging.at(settled_s, seen) if settled_s > 0 else None
        world.progress.show(_moment(elapsed_s, judging.until_s, plan, buffers, verdict, baseline))
        if verdict and verdict.settled and (verdict.verdict == FAIL or not buffers.revisions.old):
            source.stop()
            return buffers.result(verdict, seen.until(judging.seen_s))
        if buffers.revisions.old:
            source.stop()
            return replace(buffers.result(None, seen), at_end=elapsed_s >= judging.until_s)
        world.pause()
    _drain(source, world)
    buffers.take(source)
    source.stop()
    seen = buffers.whole().until(judging.until_s)
    undecided = world.interrupted or buffers.revisions.old
    return replace(buffers.result(None if undecided else judging.conclude(seen), seen), at_end=True)


class _Buffers:
    """The samples of a watch: those of the warm-up, and, on a clock of their own, those after it."""

    def __init__(self, plan: Plan, expected: Mapping[str, str], history: History) -> None:
        """`expected` has, by signal, the revision that its answers must name."""
        self._expected = expected
        self.revisions = Revisions()
        self._warmup_s = plan.warmup_s
        self._cold, self._warm = Buffer("watch"), Buffer("watch", plan.warmup_s)
        self._header = {"watch_s": plan.watch_s, **to_header(history)}  # to judge it again as it was
        self.watch, self._settled_s = self._warm.recording(plan.warmup_s, self._header), 0.0

    def take(self, source: Source) -> tuple[Recording, float]:
        """Take what has come; the watch so far that nothing can be added to any more, and how long that is."""
        new = list(source.poll())
        self._count([(name, each) for name, each in new if name in self._expected and isinstance(each, Probe)])
        self._cold.add(sample for sample in new if sample[1].t < self._warmup_s)
        self._warm.add(new)
        if (now_s := float(floor(source.settled_s() - self._warmup_s))) > self._settled_s:
            self.watch, self._settled_s = self._warm.recording(now_s + self._warmup_s, self._header), now_s
        return self.watch, self._settled_s

    def _count(self, probes: Sequence[tuple[str, Probe]]) -> None:
        """Count the answers, and those of another revision."""
        answers = [each for each in probes if each[1].revision or each[1].ok]
        old = [(name, probe) for name, probe in answers if converge.is_old(probe, self._expected[name])]
        self.revisions = Revisions(
            answers=self.revisions.answers + len(answers),
            old=self.revisions.old + len(old),
            first_old=self.revisions.first_old or next(iter(old), None),
        )

    def result(self, verdict: Verdict | None, seen: Recording) -> Watch:
        """The watch with all that is known by now."""
        return Watch(verdict=verdict, recording=seen, warmup=self.warmup, revisions=self.revisions)

    def whole(self) -> Recording:
        """All of the watch."""
        return self._warm.recording(header=self._header)

    @property
    def warmup(self) -> Recording:
        """All of the warm-up."""
        return self._cold.recording()


class _Judging:
    """Judges the watch so far at every whole second, but no more often than one core has time for."""

    def __init__(
        self, baseline: Recording | None, rules: RuleSet, clock: Callable[[], float], history: History | None
    ) -> None:
        plan, settings = rules.plan, rules.settings
        planned = replace(rules, settings=replace(settings, watch_s=settings.watch_s or plan.watch_s))
        self._judge = Judge(baseline, planned, schedule_of(planned), history)
        self._latest_s = plan.timeout_s + _GRACE_S
        self._clock = clock
        self._not_before = 0.0
        self._last: Verdict | None = None
        self.seen_s = 0.0
        self.until_s = plan.watch_s

    def at(self, settled_s: float, seen: Recording) -> Verdict | None:
        """The verdict on what is settled; the last one where nothing is new, or it is too early to judge again."""
        # After a look that took 50 ms the next one waits for 250 ms: judging shares its cores with the prober, whose
        # lateness would be taken for the service's latency.
        begun = self._clock()
        if settled_s > self.seen_s and begun >= self._not_before:
            self._last = self._judge.look(seen, settled_s)
            # An extended watch is over when its verdict is settled, and not when it was planned to be.
            self.seen_s = settled_s
            self.until_s = max(self._last.until_s, settled_s if self._last.settled else 0.0)
            ended = self._clock()
            self._not_before = ended + (ended - begun) / _JUDGING_SHARE
        return self._last

    def late(self, elapsed_s: float) -> bool:
        """Whether what was due by the end has not come in time either."""
        return elapsed_s >= self.until_s + self._latest_s

    def conclude(self, seen: Recording) -> Verdict:
        """The verdict on a watch that is over."""
        return self._judge.conclude(seen, self.until_s)


def _moment(
    elapsed_s: float, until_s: float, plan: Plan, buffers: _Buffers, verdict: Verdict | None, baseline: Recording | None
) -> Moment:
    seen = Moment(phase=Phase.WATCH, elapsed_s=min(max(elapsed_s, 0.0), until_s), of_s=until_s, baseline=baseline)
    if elapsed_s < 0 and plan.warmup_s:
        of_s = plan.warmup_s
        return replace(seen, phase=Phase.WARM_UP, elapsed_s=elapsed_s + of_s, of_s=of_s, recording=buffers.warmup)
    return replace(seen, recording=buffers.watch, verdict=verdict)


def _drain(source: Source, world: World) -> None:
    """Wait for what is under way, unless nobody wants it any more."""
    source.finish()
    while not source.is_finished() and not world.interrupted:
        world.pause()


def _probes(seen: Recording) -> Sequence[Probe]:
    return [probe for signal in seen.signals.values() for probe in signal.probes]


def _probes_of(seen: Recording, name: str) -> Sequence[Probe]:
    return seen.signals[name].probes if name in seen.signals else ()
