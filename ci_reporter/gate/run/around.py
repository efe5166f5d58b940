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
