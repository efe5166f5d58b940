"""Types of the public names; `__init__.py` imports each of them when it is first asked for."""

from ci_reporter import gate, health, logs, notify
from ci_reporter.api import build_info, current_run, record_step, recorded_run_id, reports, run_step, send_alert
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
from ci_reporter.model import BuildInfo, Coverage, FailedTest, Gate, Report, Result, Run, Step, Tests
from ci_reporter.notify.alert import Alert
from ci_reporter.schema import from_json as report_from_json
from ci_reporter.schema import to_json as report_to_json
from ci_reporter.stamp import inspect as inspect_artifact
from ci_reporter.stamp import stamp as stamp_artifact
from ci_reporter.step.finish import Conclusion
from ci_reporter.testresults import combine as combine_tests
from ci_reporter.testresults import read as read_tests
from ci_reporter.testresults.cases import ResultFile
from ci_reporter.version import __version__

__all__ = [
    "Alert",
    "BuildInfo",
    "CIReporterError",
    "Check",
    "Conclusion",
    "Coverage",
    "CoverageReport",
    "DeliveryError",
    "FailedTest",
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
    "notify",
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
    "send_alert",
    "stamp_artifact",
]
