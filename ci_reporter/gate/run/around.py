"""A gate around a deploy: record what is normal, deploy, and see what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ci_reporter.errors import CIReporterError
from ci_reporter.gate.run.gate import announce_rollback, decide, record_baseline
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Deploy, Outcome
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.run.world import World

_ORIGIN = "the minutes before the deploy"


def run_gate_around(plan: GatePlan, world: World, deploy: Callable[[], Deploy]) -> Outcome:
    """Record a baseline, deploy, and run the gate. A deploy that fails, or is interrupted, is not watched."""
    world.progress.say(_duration(plan))
    try:
        recorded = Reference(recording=record_baseline(plan.rules, world), origin=_ORIGIN)
    except CIReporterError as exc:
        return Outcome(error=str(exc))
    if world.interrupted:
        return Outcome(reference=recorded, signal=world.signals()[0])
    plan = replace(plan, reference=recorded)
    announce_rollback(plan, world)
    ended = deploy()
    if ended.signal or ended.exit_code:
        return Outcome(reference=recorded, deploy=ended, signal=ended.signal)
    return replace(decide(plan, world), deploy=ended)


def _duration(plan: GatePlan) -> str:
    """How long it will take in all, so that nobody wonders, or sets a job's timeout too short."""
    phases, settings = plan.rules.plan, plan.rules.settings
    least_s = phases.baseline.window_s + phases.warmup_s + phases.watch_s
    extend_s = phases.watch_s if settings.extend_s is None else settings.extend_s
    most_s = least_s + phases.converge.timeout_s + extend_s
    return f"beside the deploy and the rollout this takes {_minutes(least_s)}, and at most {_minutes(most_s)} in all"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min".replace(".0 ", " ")
