"""Which revision answers: a rollout that never ends, or comes undone, held against the gate's own converge and watch.

Answers are drawn one by one: each is old with a chance that may change with time, as where a balancer picks a replica.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random

from ci_reporter.gate.probing import converge
from ci_reporter.gate.recording import Probe, Sample
from ci_reporter.gate.rules.plan import Converge, Plan
from ci_reporter.gate.rules.ruleset import RuleSet, Settings, make
from ci_reporter.gate.run import phases
from ci_reporter.gate.run.world import World

NEW, OLD = "c0ffee1234567", "01dbeef234567"
SIGNAL = "http_latency"
CONVERGE = Converge()
IN_A_ROW = 44  # ln(.01)/ln(.9): "at most 10 % are old, 99 % sure" for somebody who looks once
STEP_S = 1.0
Said = tuple[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The chance that an answer is old at a second, and for how long it is asked `rate` times a second."""

    old: Callable[[float], float]
    seconds: float
    rate: float = 5.0

    def probes(self, chance: Random) -> list[Probe]:
        """The answers, in order."""
        times = (at / self.rate for at in range(int(self.seconds * self.rate)))
        return [
            Probe(t=t, ok=True, latency_ms=20.0, status=200, revision=OLD if chance.random() < self.old(t) else NEW)
            for t in times
        ]


def converges(rollout: Rollout, seed: str) -> dict[str, Said]:
    """When converging would have been declared, and when 44 matches in a row would have come."""
    probes = rollout.probes(Random(seed))
    found = converge.convergence(probes, NEW, CONVERGE)
    said: Said = ("converged", found.reached_at_s) if found.over else ("not converged", None)
    return {"judge": said, "before": _in_a_row(probes)}


def _in_a_row(probes: Iterable[Probe]) -> Said:
    run = 0
    for probe in probes:
        run = run + 1 if probe.revision == NEW else 0
        if run == IN_A_ROW:
            return "converged", probe.t
    return "not converged", None


def is_watched(rollout: Rollout, seed: str) -> dict[str, Said]:
    """What a watch that counts revisions makes of it, where nothing but the revision is wrong."""
    source = Replay(rollout.probes(Random(seed)))
    plan = replace(Plan(url="https://svc/health"), warmup_s=0.0, watch_s=rollout.seconds)
    rule = make("outage", "down for 15s")
    rules = RuleSet(rules=(rule,), plan=plan, settings=Settings(watch_s=rollout.seconds, extend_s=0.0))
    seen = phases.watch(source, None, rules, World(pause=source.pause, clock=source.elapsed_s), {SIGNAL: NEW})
    if seen.revisions.old:
        return {"judge": ("fail", seen.revisions.first_old[1].t if seen.revisions.first_old else None)}
    return {"judge": (str(seen.verdict.verdict) if seen.verdict else "open", None)}


class Replay:
    """A source of answers that come when they were drawn, on a clock that `pause` moves."""

    def __init__(self, probes: list[Probe]) -> None:
        self._probes, self._next = probes, 0
        self._now_s, self._over = 0.0, False

    def pause(self) -> None:
        """Let a second go by."""
        self._now_s += STEP_S

    def elapsed_s(self) -> float:
        """Seconds since its t = 0."""
        return self._now_s

    def settled_s(self) -> float:
        """All that was due has come."""
        return self._now_s

    def poll(self) -> list[tuple[str, Sample]]:
        """The answers since the last call."""
        first = self._next
        while self._next < len(self._probes) and self._probes[self._next].t < self._now_s:
            self._next += 1
        return [(SIGNAL, probe) for probe in self._probes[first : self._next]]

    def finish(self) -> None:
        """Begin no more."""
        self._over = True

    def is_finished(self) -> bool:
        """Whether none is under way."""
        return self._over

    def stop(self) -> None:
        """End."""
        self._over = True
