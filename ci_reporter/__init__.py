"""Record what a CI step did, push it, and decide whether a deploy may go green.

What scripts are written with is offered here, and imported when it is first asked for: `import ci_reporter` by itself
loads nothing more, for it is on the way to the start of every wrapped command.
"""

from __future__ import annotations

_HERE = {  # name → "module" or "module:attribute"
    "Alert": "notify.alert:Alert",
    "BuildInfo": "model:BuildInfo",
    "CIReporterError": "errors:CIReporterError",
    "Check": "health.checks:Check",
    "Conclusion": "step.finish:Conclusion",
    "Coverage": "model:Coverage",
    "CoverageReport": "coverage.report:CoverageReport",
    "DeliveryError": "errors:DeliveryError",
    "FailedTest": "model:FailedTest",
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
    "notify": "notify",
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
    "send_alert": "api:send_alert",
    "stamp_artifact": "stamp:stamp",
}
__all__ = list(_HERE)


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
