"""What the watch is compared with: a recording from before the deploy, and where it comes from."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from ci_reporter.errors import UsageError
from ci_reporter.gate.probing import targets
from ci_reporter.gate.recording import Recording, Signal
from ci_reporter.gate.recording import read as read_recording
from ci_reporter.gate.rules.conditions import DEFAULT_SIGNAL, Relative, leaves
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.run import archive
from ci_reporter.gate.statistics.history import learn
from ci_reporter.gate.statistics.learnt import History
from ci_reporter.health.reply import same_revision

_SHORTEST_BASELINE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A baseline, if there is one, where it comes from, and what has to be said about it."""

    recording: Recording | None = None
    origin: str = "none"
    notes: tuple[str, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether it is too old for a rule that rests on it to block."""
        return bool(self.recording and self.recording.header.get("stale"))


def from_file(path: str) -> Reference:
    """The baseline in a file. Raises UsageError."""
    return Reference(recording=read_recording(path, "baseline"), origin=os.path.basename(path))


def from_archive(
    folder: str, rules: RuleSet, environment: str | None, now: Callable[[], float] = time.time
) -> Reference:
    """The last watch that passed here; one older than `max_age` may only warn."""
    found = archive.last_good(folder, rules.plan.address, environment)
    if not found:
        return Reference(notes=("no gate has passed here yet, so there is no last good baseline",))
    past, watch = found
    age_s = max(0.0, now() - (past.finished_s or 0.0))
    stale = age_s > rules.plan.baseline.max_age_s
    note = f"the last good watch is {_age(age_s)} old, older than max_age, so a rule that rests on it only warns"
    return Reference(
        recording=replace(watch, phase="baseline", header={**watch.header, "stale": stale}),
        origin=f"the last good watch, {_age(age_s)} old",
        notes=(note,) if stale else (),
    )


def from_rollout(rules: RuleSet, rollout: Recording, expected: str) -> Reference | None:
    """The old revision's answers while both served: a baseline of the same minutes, where they are long enough."""
    if any(ask.signal == DEFAULT_SIGNAL for ask in rules.plan.asks):
        return None  # these are of another address than the one that is watched
    probes = tuple(
        probe
        for probe in rollout.signals.get(targets.HEALTH, Signal()).probes
        if probe.ok and same_revision(expected, probe.revision or "") is False
    )
    seconds = probes[-1].t - probes[0].t if probes else 0.0
    if seconds < _SHORTEST_BASELINE_S:
        return None
    found = Recording(phase="baseline", signals={DEFAULT_SIGNAL: Signal(probes=probes)})
    return Reference(recording=found, origin=f"the old revision, for {seconds:.0f} s beside the new one")


def applicable(rules: RuleSet, reference: Reference) -> RuleSet:
    """The rules, with those as dry runs that a stale baseline may not make block."""
    if not reference.stale:
        return rules
    softened = tuple(
        replace(rule, mode="dry-run") if any(isinstance(leaf, Relative) for leaf in leaves(rule.condition)) else rule
        for rule in rules.rules
    )
    return replace(rules, rules=softened)


def wants_history(rules: RuleSet) -> bool:
    """Whether past gates could teach anything: some rule compares, and the rules do not forbid it."""
    return rules.settings.history > 0 and any(_comparisons(rules))


def history(folder: str, rules: RuleSet, environment: str | None) -> History:
    """What the newest gates that passed here teach about noise. A recording that cannot be read is passed over."""
    if not wants_history(rules):
        return History()
    past = islice(_recordings(folder, rules, environment), rules.settings.history)
    return learn(list(past), _comparisons(rules))


def _recordings(folder: str, rules: RuleSet, environment: str | None) -> Iterator[tuple[Recording, Recording]]:
    for each in archive.passing_gates(folder, rules.plan.address, environment):
        try:
            before, after = each.recording("baseline"), each.recording("watch")
        except UsageError:
            continue
        if before and after:
            yield before, after


def _comparisons(rules: RuleSet) -> Iterator[Relative]:
    for rule in rules.rules:
        yield from (leaf for leaf in leaves(rule.condition) if isinstance(leaf, Relative))


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
