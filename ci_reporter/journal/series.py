"""What came before a step: the earlier records of its series, those of the same step on the same branch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ci_reporter.model import Report


def earlier(report: Report, records: Iterable[Report]) -> list[Report]:
    """The records of the same series from other runs that were written before it, oldest first."""
    return [each for each in _before(report, records) if _series(each) == _series(report)]


def covered_before(report: Report, records: Sequence[Report]) -> Report | None:
    """The last record of the series whose coverage is known, else that of the branch a change is to be merged into."""
    if report.coverage_pct is None:
        return None
    known = [each for each in _before(report, records) if _comparable(each, report)]
    same = [each for each in known if _series(each) == _series(report)]
    return next(iter([*same[::-1], *(each for each in known[::-1] if _is_target(each, report))]), None)


def _before(report: Report, records: Iterable[Report]) -> Iterable[Report]:
    for each in records:
        if each.report_id == report.report_id:
            return
        if each.run.ci_run_id != report.run.ci_run_id:
            yield each


def _comparable(earlier: Report, report: Report) -> bool:
    units = {each.coverage.unit for each in (earlier, report) if each.coverage}
    return earlier.coverage_pct is not None and len(units) < 2


def _is_target(earlier: Report, report: Report) -> bool:
    targets = (report.run.target_branch, report.run.default_branch)
    alike = _series(earlier)[:-2] == _series(report)[:-2]
    return alike and earlier.run.change is None and bool(earlier.run.branch) and earlier.run.branch in targets


def _series(report: Report) -> tuple[str | None, ...]:
    run = report.run
    return (run.repository, run.pipeline, run.job_name, report.step.name, run.branch, run.change)
