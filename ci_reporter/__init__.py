"""Record what a CI step did, push it, and decide whether a deploy may go green.

What scripts are written with is offered here, and imported when it is first asked for: `import ci_reporter` by itself
loads nothing more, for it is on the way to the start of every wrapped command.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter import gate, health, logs
    from ci_reporter.api import build_info, current_run, record_step, recorded_run_id, reports, run_step
    from ci_reporter.coverage.formats import read as read_coverage
    from ci_reporter.coverage.report import CoverageReport
    from ci_reporter.coverage.union import combine as combine_coverage
    from ci_reporter.errors import CIReporterError, DeliveryError, ReportFileError, StampError, StateError, UsageError
    from ci_reporter.gate.offline import judge_recording
    from ci_reporter.gate.recording import read as read_recording
    from ci_reporter.gate.run.gate import run_gate
    from ci_reporter.gate.run.options import GateOptions, plan_gate
    from ci_reporter.gate.run.world import World
    from ci_reporter.health.app import Health
    from ci_reporter.health.checks import Check
    from ci_reporter.model import BuildInfo, Coverage, Gate, Report, Result, Run, Step, Tests
    from ci_reporter.schema import from_json as report_from_json
    from ci_reporter.schema import to_json as report_to_json
    from ci_reporter.stamp import inspect as inspect_artifact
    from ci_reporter.stamp import stamp as stamp_artifact
    from ci_reporter.step.finish import Conclusion
    from ci_reporter.testresults import combine as combine_tests
    from ci_reporter.testresults import read as read_tests
    from ci_reporter.testresults.cases import ResultFile
    from ci_reporter.version import __version__

_HERE = {  # name → "module" or "module:attribute"
    "BuildInfo": "model:BuildInfo",
    "CIReporterError": "errors:CIReporterError",
    "Check": "health.checks:Check",
    "Conclusion": "step.finish:Conclusion",
    "Coverage": "model:Coverage",
    "CoverageReport": "coverage.report:CoverageReport",
    "DeliveryError": "errors:DeliveryError",
    "Gate": "model:Gate",
    "GateOptions": "gate.run.options:GateOptions",
    "Health": "health.app:Health",
    "Report": "model:Report",
    "ReportFileError": "errors:ReportFileError",
    "Result": "model:Result",
    "ResultFile": "testresults.cases:ResultFile",
    "Run": "model:Run",
    "StampError": "errors:StampError",
    "StateError": "errors:StateError",
    "Step": "model:Step",
    "Tests": "model:Tests",
    "UsageError": "errors:UsageError",
    "World": "gate.run.world:World",
    "__version__": "version:__version__",
    "build_info": "api:build_info",
    "combine_coverage": "coverage.union:combine",
    "combine_tests": "testresults:combine",
    "current_run": "api:current_run",
    "gate": "gate",
    "health": "health",
    "inspect_artifact": "stamp:inspect",
    "judge_recording": "gate.offline:judge_recording",
    "logs": "logs",
    "plan_gate": "gate.run.options:plan_gate",
    "read_coverage": "coverage.formats:read",
    "read_recording": "gate.recording:read",
    "read_tests": "testresults:read",
    "record_step": "api:record_step",
    "recorded_run_id": "api:recorded_run_id",
    "report_from_json": "schema:from_json",
    "report_to_json": "schema:to_json",
    "reports": "api:reports",
    "run_gate": "gate.run.gate:run_gate",
    "run_step": "api:run_step",
    "stamp_artifact": "stamp:stamp",
}
__all__ = [
    "BuildInfo",
    "CIReporterError",
    "Check",
    "Conclusion",
    "Coverage",
    "CoverageReport",
    "DeliveryError",
    "Gate",
    "GateOptions",
    "Health",
    "Report",
    "ReportFileError",
    "Result",
    "ResultFile",
    "Run",
    "StampError",
    "StateError",
    "Step",
    "Tests",
    "UsageError",
    "World",
    "__version__",
    "build_info",
    "combine_coverage",
    "combine_tests",
    "current_run",
    "gate",
    "health",
    "inspect_artifact",
    "judge_recording",
    "logs",
    "plan_gate",
    "read_coverage",
    "read_recording",
    "read_tests",
    "record_step",
    "recorded_run_id",
    "report_from_json",
    "report_to_json",
    "reports",
    "run_gate",
    "run_step",
    "stamp_artifact",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HERE[name].partition(":")
    found = __import__(f"{__name__}.{module}", fromlist=["_"])  # importlib's own import would take 1 ms
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})
