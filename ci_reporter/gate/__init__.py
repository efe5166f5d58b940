"""After a deploy, decide whether it may stay.

From Python:

from ci_reporter.gate import GateOptions, World, plan_gate, run_gate

world = World()
plan = plan_gate(GateOptions(url="https://shop.example/health", expect_revision="c0ffee1"), world)
outcome = run_gate(plan, world)
outcome.word, outcome.exit_code
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.gate.run.act import act as act
    from ci_reporter.gate.run.around import run_gate_around as run_gate_around
    from ci_reporter.gate.run.evidence import EvidencePaths as EvidencePaths
    from ci_reporter.gate.run.evidence import write_evidence as write_evidence
    from ci_reporter.gate.run.gate import record_baseline as record_baseline
    from ci_reporter.gate.run.gate import run_gate as run_gate
    from ci_reporter.gate.run.options import GateOptions as GateOptions
    from ci_reporter.gate.run.options import GatePlan as GatePlan
    from ci_reporter.gate.run.options import plan_gate as plan_gate
    from ci_reporter.gate.run.outcome import Deploy as Deploy
    from ci_reporter.gate.run.outcome import Outcome as Outcome
    from ci_reporter.gate.run.progress import Moment as Moment
    from ci_reporter.gate.run.progress import Phase as Phase
    from ci_reporter.gate.run.world import World as World

_MODULES = {
    "act": "act",
    "run_gate_around": "around",
    "EvidencePaths": "evidence",
    "write_evidence": "evidence",
    "record_baseline": "gate",
    "run_gate": "gate",
    "GateOptions": "options",
    "GatePlan": "options",
    "plan_gate": "options",
    "Deploy": "outcome",
    "Outcome": "outcome",
    "Moment": "progress",
    "Phase": "progress",
    "World": "world",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> object:
    """Import what is asked for only then: the prober's process, for one, needs none of it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"ci_reporter.gate.run.{_MODULES[name]}"), name)
