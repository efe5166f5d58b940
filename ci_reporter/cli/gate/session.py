"""One gate from its first probe to its verdict: the phases in order, each with what the one before found out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ci_reporter.cli.gate.progress import Progress
from ci_reporter.errors import UsageError
from ci_reporter.gate.probing import converge, promql, targets
from ci_reporter.gate.probing.prober import Prober
from ci_reporter.gate.probing.promql import NoData
from ci_reporter.gate.probing.sources import Sources
from ci_reporter.gate.recording import Recording, Signal
from ci_reporter.gate.rules.conditions import DEFAULT_SIGNAL, Relative, leaves
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.run import archive, phases
from ci_reporter.gate.run.phases import Watched, World
from ci_reporter.gate.statistics import figures
from ci_reporter.health.reply import same_revision
from ci_reporter.http import Deadline
from ci_reporter.http.prometheus import Prometheus

_LOOK_EVERY_S = 0.1
_SHORTEST_BASELINE_S = 30.0
_INTERVALS = 40  # of a PromQL baseline: it costs nothing to look back
_HISTORY_WITHIN_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Before:
    """What the watch is compared with, and where that comes from."""

    recording: Recording | None = None
    origin: str = "none"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a gate has seen. `watched` is None where it never came to watching."""

    before: Before
    convergence: converge.Progress | None
    statement: str
    watched: Watched | None = None

    @property
    def converged(self) -> bool:
        """Whether the expected revision answers everywhere, where that was asked for."""
        return self.convergence is None or self.convergence.over


@dataclass(frozen=True, kw_only=True)
class Session:
    """What every phase needs: the rules, the environment, where past gates are kept, and whom to tell."""

    rules: RuleSet
    env: Mapping[str, str]
    kept: str
    environment: str | None
    progress: Progress
    prometheus: Prometheus | None = None

    def baseline(self, seconds: float | None = None) -> Recording:
        """Probe for the baseline's window; of Prometheus, take what it has counted until now."""
        window_s = seconds or self.rules.plan.baseline.window_s
        found = Recording(phase="baseline", signals={})
        if targets.of_watch(self.rules, self.env):
            self.progress.say(f"baseline: probing for {window_s:g} s")
            with replace(self, prometheus=None)._sources() as source:
                found = phases.recorded(source, "baseline", window_s, self._world())
        return self._with_history(found, window_s)

    def _with_history(self, found: Recording, window_s: float) -> Recording:
        """The recording, and beside it what Prometheus counted in that time, and at least in forty intervals."""
        step_s = self.rules.settings.interval_s
        span_s = max(window_s, _INTERVALS * step_s)
        signals, notes, now_s = dict(found.signals), list(found.notes), time.time()
        for query in self.rules.queries if self.prometheus else ():
            assert self.prometheus  # noqa: S101
            counts = promql.history(
                query,
                self.prometheus,
                start_s=now_s - span_s,
                end_s=now_s,
                step_s=step_s,
                deadline=Deadline(_HISTORY_WITHIN_S),
            )
            if isinstance(counts, NoData):
                notes.append(f"baseline of signal {query.signal!r}: {counts.reason}")
            else:
                signals[query.signal] = Signal(counts=tuple(counts))
        return replace(found, signals=signals, notes=tuple(notes))

    def look(self, expected: str | None, before: Before) -> Seen:
        """Converge, warm up, watch, judge."""
        found, statement, on_the_way = self.converge(expected)
        if found and not found.over:
            return Seen(before=before, convergence=found, statement=statement)
        if before.recording is None and expected and on_the_way:
            before = beside(self.rules, on_the_way, expected, before)
        rules = fitting(self.rules, before)
        self.progress.baseline = before.recording
        self.progress.say(self._announced(before))
        with self._sources() as source:
            watched = phases.watched(source, before.recording, rules, self._world())
            before = replace(before, notes=(*before.notes, *_warmed(watched, rules), *source.problems()))
        return Seen(before=before, convergence=found, statement=statement, watched=watched)

    def converge(self, expected: str | None) -> tuple[converge.Progress | None, str, Recording | None]:
        """Wait for the revision; what came of it, that as a sentence, and what was seen. Without a URL nothing is."""
        plan = self.rules.plan
        if not plan.url:
            return None, "no url: is set, so which revision answers was not looked at", None
        wanted = f"revision {expected[:12]}" if expected else "good answers"
        self.progress.say(f"converge: waiting for {wanted} at {plan.url}, {plan.converge.needed} in a row")
        with Prober(targets.of_converge(plan, self.env), proxies(self.env)) as source:
            source.start()
            found, seen = phases.converged(source, expected, self.rules, self._world())
        statement = converge.statement(found, plan.converge)
        self.progress.say(statement)
        return found, statement, seen

    def _sources(self) -> Sources:
        return Sources(self.rules, self.env, proxies(self.env), self.prometheus)

    def _world(self) -> World:
        return World(pause=lambda: time.sleep(_LOOK_EVERY_S), clock=time.monotonic, show=self.progress)

    def _announced(self, before: Before) -> str:
        plan = self.rules.plan
        warm = f"warming up for {plan.warmup_s:g} s, then " if plan.warmup_s else ""
        return f"{warm}watching for up to {plan.watch_s:g} s at {plan.rate:g}/s; baseline: {before.origin}"


def given_baseline(path: str) -> Before:
    """The baseline in a file. Raises UsageError."""
    from ci_reporter.gate import recording

    return Before(recording=recording.read(path, "baseline"), origin=os.path.basename(path))


def last_good(session: Session) -> Before:
    """The last watch that passed here; one older than `max_age` may only warn."""
    settings = session.rules.plan.baseline
    found = archive.last_good(session.kept, session.rules.plan.url, session.environment)
    if not found:
        return Before(notes=("no gate has passed here yet, so there is no last good baseline",))
    kept, watch = found
    age_s = max(0.0, time.time() - (kept.finished_s or 0.0))
    stale = age_s > settings.max_age_s
    note = f"the last good watch is {_age(age_s)} old, older than max_age, so what rests on it only warns"
    return Before(
        recording=replace(watch, phase="baseline", header={**watch.header, "stale": stale}),
        origin=f"the last good watch, {_age(age_s)} old",
        notes=(note,) if stale else (),
    )


def beside(rules: RuleSet, on_the_way: Recording, expected: str, before: Before) -> Before:
    """The old revision's answers while both served, as a baseline, where they are long enough to be one."""
    if any(ask.signal == DEFAULT_SIGNAL for ask in rules.plan.asks):
        return before  # they are of another address than the one that is watched
    probes = tuple(
        probe
        for probe in on_the_way.signals.get(targets.HEALTH, Signal()).probes
        if probe.ok and same_revision(expected, probe.revision or "") is False
    )
    seconds = probes[-1].t - probes[0].t if probes else 0.0
    if seconds < _SHORTEST_BASELINE_S:
        return before
    found = Recording(phase="baseline", signals={DEFAULT_SIGNAL: Signal(probes=probes)})
    return replace(before, recording=found, origin=f"the old revision, for {seconds:.0f} s beside the new one")


def fitting(rules: RuleSet, before: Before) -> RuleSet:
    """The rules, with those as dry runs that a stale baseline may not make block."""
    if before.recording is None or not before.recording.header.get("stale"):
        return rules
    softened = tuple(
        replace(rule, mode="dry-run") if any(isinstance(leaf, Relative) for leaf in leaves(rule.condition)) else rule
        for rule in rules.rules
    )
    return replace(rules, rules=softened)


def _warmed(watched: Watched, rules: RuleSet) -> Iterator[str]:
    """What was discarded, and how it compares with what was not."""
    cold, warm = figures.of(watched.warmup), figures.of(watched.watch)
    if cold.probes and cold.p50_ms is not None and warm.p50_ms is not None:
        yield (
            f"warm-up: {cold.probes} probes of {rules.plan.warmup_s:g} s are discarded"
            f" (p50 {cold.p50_ms:.3g} ms, then {warm.p50_ms:.3g} ms)"
        )


def expected_revision(rules: RuleSet, folder: str, run_revision: str | None) -> str | None:
    """The commit that must answer: as set, else that of the stamp in the working folder, else the run's own."""
    from ci_reporter import buildinfo

    wanted = rules.plan.revision
    if wanted == "none" or not rules.plan.url:
        return None
    if wanted != "auto":
        return wanted
    stamp = os.path.join(folder, buildinfo.FILE_NAME)
    stamped = buildinfo.read(stamp).revision if os.path.exists(stamp) else None
    found = stamped or run_revision
    if not found:
        raise UsageError(
            "gate: the commit that was deployed is not known here (set --expect-revision SHA,"
            " or --expect-revision none to look at health alone)"
        )
    return found


def last_revision(before: Before, env: Mapping[str, str]) -> str | None:
    """The revision to go back to: as set, else the one that answered most before the deploy."""
    if env.get("CI_REPORTER_LAST_GOOD"):
        return env["CI_REPORTER_LAST_GOOD"]
    from collections import Counter

    signals = before.recording.signals.values() if before.recording else ()
    served = Counter(probe.revision for signal in signals for probe in signal.probes if probe.ok and probe.revision)
    return served.most_common(1)[0][0] if served else None


def proxies(env: Mapping[str, str]) -> dict[str, str]:
    """The proxies of the environment, as curl reads them: http_proxy in small letters only."""
    names: Sequence[str] = (
        "http_proxy",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    )
    return {name.lower(): env[name] for name in reversed(names) if env.get(name)}


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
