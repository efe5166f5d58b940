"""The coverage to compare a step with: what the default branch last had."""

from __future__ import annotations

from ci_reporter import metrics
from ci_reporter.context import Context
from ci_reporter.errors import DeliveryError, ReportFileError
from ci_reporter.journal.records import read_records
from ci_reporter.model import Report
from ci_reporter.sinks.gateway import key_of
from ci_reporter.step.limits import Baseline
from ci_reporter.system.deadline import Deadline


def baseline(context: Context, report: Report, deadline: Deadline) -> Baseline:
    """What the default branch last had: from a file of records where one is named, else from the Pushgateway."""
    config = context.config
    if config.coverage_baseline:
        return _fromread_records(context.path(config.coverage_baseline), report)
    if "pushgateway" in config.sinks:
        return _from_gateway(context, report, deadline)
    return Baseline(pct=None, source="neither --coverage-baseline nor a Pushgateway is set")


def _fromread_records(path: str, report: Report) -> Baseline:
    try:
        comparable = [each for each in read_records(path) if each.coverage_pct is not None and _alike(each, report)]
    except ReportFileError as exc:
        return Baseline(pct=None, source=str(exc))
    if not comparable:
        return Baseline(pct=None, source=f"{path} has no coverage of step {report.step.name!r}")
    return Baseline(pct=comparable[-1].coverage_pct, source=f"{path}, {comparable[-1].step.finished_at}")


def _alike(other: Report, report: Report) -> bool:
    units = (other.coverage.unit if other.coverage else None, report.coverage.unit if report.coverage else None)
    return other.step.name == report.step.name and (None in units or units[0] == units[1])


def _from_gateway(context: Context, report: Report, deadline: Deadline) -> Baseline:
    gateway = context.config.sinks["pushgateway"].gateway()
    unit = report.coverage.unit if report.coverage else "line"
    names = _default_branches(context, report)
    wanted = [{**metrics.grouping_key(report, context.config.branches), "branch": name} for name in names]
    try:
        groups = gateway.groups(deadline)
    except DeliveryError as exc:
        return Baseline(pct=None, source=str(exc))
    for key in wanted:
        for group in groups:
            ratio = group.value("ci_coverage_ratio", unit=unit)
            if ratio is not None and group.key == key_of(key):
                return Baseline(pct=ratio * 100, source=f"branch {key['branch']} on the Pushgateway")
    return Baseline(pct=None, source=f"the Pushgateway has no {unit} coverage of branch {' or '.join(names)}")


def _default_branches(context: Context, report: Report) -> list[str]:
    """The default branch where the CI system tells it, else the plain names of the settings."""
    known = report.run.default_branch
    return [known] if known else [name for name in context.config.branches if not set(name) & set("*?[")]
