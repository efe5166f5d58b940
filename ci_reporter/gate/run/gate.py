"""A gate from its first probe to its verdict: the phases in order, each with what the one before found out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ci_reporter.errors import CIReporterError, UsageError
from ci_reporter.gate.probing import promql, targets
from ci_reporter.gate.probing.promql import NoData
from ci_reporter.gate.probing.sources import Sources
from ci_reporter.gate.recording import Recording, Signal
from ci_reporter.gate.rules.ruleset import BASELINE_INTERVALS, RuleSet, wanted_actions
from ci_reporter.gate.run import phases, reference
from ci_reporter.gate.run.last_good import last_good
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Outcome, without_convergence
from ci_reporter.gate.run.phases import Watch
from ci_reporter.gate.run.rollout import Rollout
from ci_reporter.gate.run.world import World
from ci_reporter.gate.statistics import figures
from ci_reporter.system.deadline import Deadline

_HISTORY_WITHIN_S = 10.0


def run_gate(plan: GatePlan, world: World) -> Outcome:
    """Converge, warm up, watch, judge. Nothing is acted upon, written or sent. Raises UsageError.

    A gate that is interrupted, or that can probe no more, returns what it has seen, without a verdict.
    """
    announce_rollback(plan, world)
    return decide(plan, world)


def announce_rollback(plan: GatePlan, world: World) -> None:
    """Say before it may be needed where a rollback would lead to, or that nobody knows."""
    wanted = [each for each in wanted_actions(plan.rules) if each.is_rollback or each.needs_last_good]
    if not wanted:
        return
    found = last_good(plan, plan.reference, world)
    world.progress.say(f"rollback: {found}")
    for action in wanted:
        obstacle = found.obstacle(action.run or "") if found.is_known and action.needs_last_good else None
        if obstacle:
            world.progress.say(f"action {action.name!r} will not run: {obstacle}")


def decide(plan: GatePlan, world: World) -> Outcome:
    """As `run_gate`, where it has been said already where a rollback would lead to."""
    outcome = Outcome(reference=plan.reference)
    try:
        outcome = _converge_and_watch(plan, world, outcome)
    except UsageError:
        raise
    except CIReporterError as exc:  # nothing was decided, and that is not a pass
        return replace(outcome, error=str(exc))
    return replace(outcome, signal=world.signals()[0] if world.interrupted and not outcome.verdict else None)


def _converge_and_watch(plan: GatePlan, world: World, outcome: Outcome) -> Outcome:
    """Converge and watch, and again where another revision answers meanwhile, while there is time for it."""
    rollout = Rollout(plan, world)
    while True:
        outcome = rollout.converge(outcome)
        if not outcome.converged or world.interrupted:
            return outcome
        outcome, seen = _watch_and_judge(plan, world, outcome)
        if rollout.holds(outcome, seen) or outcome.verdict or world.interrupted:
            return replace(outcome, statement=f"{outcome.statement}{rollout.answer_count()}")
        failed = rollout.relapse(seen)
        if failed:
            return without_convergence(outcome, f"{failed}{rollout.answer_count()}")


def record_baseline(rules: RuleSet, world: World, seconds: float | None = None) -> Recording:
    """Probe for the baseline's window, or for so long; of Prometheus, take what it has counted until now."""
    window_s = seconds or rules.plan.baseline.window_s
    found = Recording(phase="baseline", signals={})
    if targets.of_watch(rules, world.env):
        world.progress.say(f"baseline: probing for {window_s:g} s")
        with Sources(rules, world.env, world.proxies, None) as source:
            found = phases.record(source, window_s, world)
    return found if world.interrupted else _with_history(found, window_s, rules, world)


def _watch_and_judge(plan: GatePlan, world: World, outcome: Outcome) -> tuple[Outcome, Watch]:
    compared = outcome.reference
    rules = reference.applicable(plan.rules, compared)
    world.progress.say(_announcement(rules, outcome))
    if said := _history_line(plan):
        world.progress.say(said)
    with Sources(rules, world.env, world.proxies, world.prometheus) as source:
        expected = targets.revision_signals(rules.plan, plan.expected_by_service)
        seen = phases.watch(source, compared.recording, rules, world, expected, plan.history)
        notes = (*compared.notes, *_warm_up(seen, rules), *source.problems())
    return replace(outcome, watch=seen, notes=notes), seen


def _announcement(rules: RuleSet, outcome: Outcome) -> str:
    plan = rules.plan
    warm = f"warming up for {plan.warmup_s:g} s, then " if plan.warmup_s else ""
    return f"{warm}watching for up to {plan.watch_s:g} s at {plan.rate:g}/s; baseline: {outcome.reference.origin}"


def _history_line(plan: GatePlan) -> str | None:
    """What is known of the noise from gates before this one; None where nobody wants to know."""
    if not reference.wants_history(plan.rules):
        return None
    if not plan.history.gates:
        return "history: no recording of a good gate is kept here, so noise is known from the baseline alone"
    gates = plan.history.gates
    return f"history: how noisy the service is was learnt from {gates} good gate{'s' * (gates > 1)} here"


def _warm_up(seen: Watch, rules: RuleSet) -> Iterator[str]:
    """What was discarded, and how it compares with what was not."""
    cold, warm = figures.of(seen.warmup), figures.of(seen.recording)
    if cold.probes and cold.p50_ms is not None and warm.p50_ms is not None:
        yield (
            f"warm-up: {cold.probes} probes of {rules.plan.warmup_s:g} s are discarded"
            f" (p50 {cold.p50_ms:.3g} ms, then {warm.p50_ms:.3g} ms)"
        )


def _with_history(found: Recording, window_s: float, rules: RuleSet, world: World) -> Recording:
    """The recording, and beside it what Prometheus counted in that time, and at least in forty intervals."""
    step_s = rules.settings.interval_s
    span_s = max(window_s, BASELINE_INTERVALS * step_s)
    signals, notes, now_s = dict(found.signals), list(found.notes), world.now()
    for query in rules.queries if world.prometheus else ():
        assert world.prometheus  # noqa: S101
        counts = promql.history(
            query,
            world.prometheus,
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
