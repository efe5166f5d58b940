"""The rollout while a gate goes on: it converges, it has to stay so, and it begins again where it does not."""

from __future__ import annotations

from dataclasses import replace

from ci_reporter.gate.probing import converge, targets
from ci_reporter.gate.probing.converge import Convergence
from ci_reporter.gate.probing.prober import Prober
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules.plan import Plan
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.run import phases, reference
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Outcome
from ci_reporter.gate.run.phases import Wanted, Watch
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.run.world import World

_MOST_RELAPSES = 2
_NOT_LOOKED_AT = "no url: is set, so which revision answers was not looked at"
_ORDINALS = {1: "first", 2: "second", 3: "third"}


def wait_for_revision(rules: RuleSet, wanted: Wanted, world: World) -> tuple[Convergence, Recording]:
    """Probe `url` until that revision answers everywhere, at most until the timeout of what is wanted."""
    plan = rules.plan
    world.progress.say(f"{wanted.phase}: waiting for {_goal_text(wanted, plan)}")
    with Prober(targets.of_converge(plan, world.env), world.proxies) as source:
        source.start()
        return phases.wait_for_revision(source, wanted, world)


def _goal_text(wanted: Wanted, plan: Plan) -> str:
    """What is waited for, and where."""
    if not wanted.services:
        return f"{_revision(wanted.expected)} at {plan.url}"
    return ", ".join(f"{_revision(wanted.services[each.name])} at {each.url} ({each.name})" for each in plan.services)


def _revision(expected: str | None) -> str:
    return f"revision {expected[:12]}" if expected else "good answers"


class Rollout:
    """Converging, as often as it takes: at most two relapses, and none after `converge.timeout`."""

    def __init__(self, plan: GatePlan, world: World) -> None:
        self._plan, self._world = plan, world
        self._begun = world.clock()
        self._before: Convergence | None = None
        self._relapses = self._answers = self._old = 0
        self._last_relapse = ""

    def converge(self, outcome: Outcome) -> Outcome:
        """Wait for the revision; without a URL there is nothing to wait for."""
        rules, world = self._plan.rules, self._world
        if not rules.plan.address:
            return replace(outcome, statement=_NOT_LOOKED_AT)
        settings = replace(rules.plan.converge, timeout_s=self._left_s())
        wanted = Wanted(
            expected=self._plan.expected,
            settings=settings,
            candidates=self._before.candidates if self._before else None,
            services=self._plan.revisions,
            before=self._before,
        )
        found, seen = wait_for_revision(rules, wanted, world)
        self._before = found
        self._answers += _matches(found) if found.over else 0
        statement = converge.statement(found, settings)
        if self._last_relapse and not found.over:
            statement = f"{self._last_relapse}; then {statement}"
        if not world.interrupted:
            world.progress.say(statement)
        compared = self._baseline(outcome.reference, seen)
        return replace(outcome, convergence=found, statement=statement, reference=compared)

    def holds(self, outcome: Outcome, watch: Watch) -> bool:
        """Count the answers of a watch; whether no other revision was among them."""
        self._answers += watch.revisions.answers
        self._old += watch.revisions.old
        return not watch.revisions.old or outcome.convergence is None

    def relapse(self, watch: Watch) -> str | None:
        """Take note of another revision's answer: why the rollout has failed by it, or None where it may go on."""
        self._relapses += 1
        said = self._last_relapse = f"{self._relapse_sentence(watch)}, for the {_ORDINALS[self._relapses]} time"
        if self._relapses > _MOST_RELAPSES:
            return f"{said}: the rollout does not hold"
        if watch.at_end:
            return f"{said}, at the end of the watch: the rollout does not hold"
        if self._left_s() <= 0:
            return f"{said}, after converge.timeout of {self._plan.rules.plan.converge.timeout_s:g} s"
        self._world.progress.say(f"{said}; converging again, and then the watch begins anew")
        return None

    def answer_count(self) -> str:
        """How many answers have been of another revision since it converged first, where one is expected."""
        return (
            f"; {self._old:,} of {self._answers:,} answers were old"
            if any(self._plan.expected_by_service.values())
            else ""
        )

    def _relapse_sentence(self, watch: Watch) -> str:
        name, first = watch.revisions.first_old or ("", None)
        of = f" of {name.rpartition('.')[0]}" if "." in name else ""
        what = f"revision {first.revision[:12]}{of} answered" if first and first.revision else ""
        what = what or f"an answer{of} named no revision"
        at_s = (first.t if first else 0.0) - self._plan.rules.plan.warmup_s
        when = f"{at_s:.0f} s into the watch" if at_s >= 0 else "during the warm-up"
        return f"after converging, {what} {when}"

    def _left_s(self) -> float:
        return self._plan.rules.plan.converge.timeout_s - (self._world.clock() - self._begun)

    def _baseline(self, given: Reference, seen: Recording) -> Reference:
        """The given baseline, else the old revision's answers while both served."""
        if given.recording is not None or not self._plan.expected:
            return given
        beside = reference.from_rollout(self._plan.rules, seen, self._plan.expected)
        return replace(beside, notes=given.notes) if beside else given


def _matches(found: Convergence) -> int:
    """The answers in a row of all services."""
    return sum(each.run for _, each in found.services) if found.services else found.run
