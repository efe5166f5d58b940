"""What the step's report files say, and whether it is enough for the job."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ci_reporter import coverage, metrics, testresults
from ci_reporter.cli.place import Place, pushgateway
from ci_reporter.config import Config
from ci_reporter.errors import DeliveryError, ReportFileError
from ci_reporter.http import Deadline
from ci_reporter.model import Report, Result, seconds_of
from ci_reporter.schema import from_json
from ci_reporter.sinks.gateway import key_of
from ci_reporter.step import limits
from ci_reporter.step.limits import Baseline, Judgement, Limits
from ci_reporter.system import reportfile
from ci_reporter.testresults.cases import Case

_MOST_NAMED = 10
_LONGEST_NAME = 200
_CLOCK_S = 2.0  # file systems round times, and a build may run on another clock


@dataclass(frozen=True, kw_only=True)
class Read:
    """The report with what its files say; `problems` and `notes` are sentences about files, one each."""

    report: Report
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read(place: Place, report: Report, *, since: str | None = None) -> Read:
    """Read the files the settings name. A file older than `since` is some earlier run's and is not counted."""
    config, oldest = place.config, seconds_of(since)
    problems: list[str] = []
    notes: list[str] = []
    files = [_fresh(patterns, place.folder, oldest, problems) for patterns in (config.coverage, config.tests)]
    if files[0]:
        covered = coverage.collect(files[0], place.folder, config.coverage_format)
        problems += covered.problems
        notes += covered.notes
        report = replace(report, coverage=covered.coverage, coverage_pct=covered.pct)
    if files[1]:
        results = testresults.collect(files[1], place.folder, config.tests_format)
        problems += results.problems
        notes += results.notes
        report = replace(
            report,
            tests=results.tests,
            failed_tests=_names(results.failed),
            flaky_tests=_names(results.flaky),
            slowest_tests={_name(case): case.duration_ms for case in results.slowest if case.duration_ms is not None},
        )
    return Read(report=report, problems=tuple(problems), notes=tuple(notes))


def judge(place: Place, report: Report, problems: Sequence[str], deadline: Deadline) -> Judgement:
    """Hold a step that succeeded against the job's limits; a step that failed has failed already."""
    config = place.config
    if report.step.result is not Result.SUCCESS:
        return Judgement()
    wanted = _limits(config)
    baseline = _baseline(place, report, deadline) if wanted.coverage_drop_points is not None else None
    judgement = limits.judge(report, wanted, baseline)
    unread = (f"{len(problems)} problems with report files, and --strict-reports is set",)
    return replace(judgement, missed=judgement.missed + unread) if problems and config.strict_reports else judgement


def failed(report: Report, judgement: Judgement) -> Report:
    """The report of a step whose command succeeded and whose reports are not good enough."""
    if not judgement.missed:
        return report
    return replace(report, step=replace(report.step, result=Result.FAILURE, reason="; ".join(judgement.missed)))


def _limits(config: Config) -> Limits:
    return Limits(
        coverage_min_pct=config.coverage_min_pct,
        coverage_drop_points=config.coverage_drop_points,
        tests_min=config.tests_min,
        require_baseline=config.require_baseline,
    )


def _fresh(patterns: Sequence[str], folder: str, oldest: float | None, problems: list[str]) -> list[str]:
    found = reportfile.expand(patterns, folder)
    problems += found.problems
    stale = [path for path in found.files if oldest is not None and _written(path) < oldest - _CLOCK_S]
    problems += [f"{path}: is older than this step; it is not counted" for path in stale]
    return [path for path in found.files if path not in stale]


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _names(cases: Sequence[Case]) -> tuple[str, ...]:
    return tuple(_name(case) for case in cases[:_MOST_NAMED])


def _name(case: Case) -> str:
    return (f"{case.suite}: {case.name}" if case.suite else case.name)[:_LONGEST_NAME]


def _baseline(place: Place, report: Report, deadline: Deadline) -> Baseline:
    """What the default branch last had: from a file of records where one is named, else from the Pushgateway."""
    if place.config.coverage_baseline:
        return _from_records(os.path.join(place.folder, place.config.coverage_baseline), report)
    if place.config.pushgateway:
        return _from_gateway(place, report, deadline)
    return Baseline(pct=None, source="neither --coverage-baseline nor a Pushgateway is set")


def _from_records(path: str, report: Report) -> Baseline:
    try:
        comparable = [each for each in _records(path) if each.coverage_pct is not None and _alike(each, report)]
    except ReportFileError as exc:
        return Baseline(pct=None, source=str(exc))
    if not comparable:
        return Baseline(pct=None, source=f"{path} has no coverage of step {report.step.name!r}")
    return Baseline(pct=comparable[-1].coverage_pct, source=f"{path}, {comparable[-1].step.finished_at}")


def _records(path: str) -> Iterator[Report]:
    """The records of a file, oldest first; what is none is passed over. Raises ReportFileError."""
    with reportfile.opened(path) as file:
        for line in file:
            try:
                yield from_json(json.loads(line))
            except (ValueError, RecursionError):
                continue


def _alike(other: Report, report: Report) -> bool:
    units = (other.coverage.unit if other.coverage else None, report.coverage.unit if report.coverage else None)
    return other.step.name == report.step.name and (None in units or units[0] == units[1])


def _from_gateway(place: Place, report: Report, deadline: Deadline) -> Baseline:
    sink = pushgateway(place.config)
    unit = report.coverage.unit if report.coverage else "line"
    names = _default_branches(place, report)
    wanted = [{**metrics.grouping_key(report, place.config.branches), "branch": name} for name in names]
    try:
        groups = sink.gateway.groups(deadline)
    except DeliveryError as exc:
        return Baseline(pct=None, source=str(exc))
    for key in wanted:
        for group in groups:
            ratio = group.value("ci_coverage_ratio", unit=unit)
            if ratio is not None and group.key == key_of(key):
                return Baseline(pct=ratio * 100, source=f"branch {key['branch']} on the Pushgateway")
    return Baseline(pct=None, source=f"the Pushgateway has no {unit} coverage of branch {' or '.join(names)}")


def _default_branches(place: Place, report: Report) -> list[str]:
    """The default branch where the CI system tells it, else the plain names of the settings."""
    known = report.run.default_branch
    return [known] if known else [name for name in place.config.branches if not set(name) & set("*?[")]
