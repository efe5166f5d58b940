"""Several reports as one: shards, languages, the same run in several formats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ci_reporter import coverage
from ci_reporter.coverage.paths import located
from ci_reporter.coverage.report import CoverageReport, FileCoverage, Totals
from ci_reporter.coverage.tally import Tally, of_lines
from ci_reporter.errors import CIReporterError
from ci_reporter.system import reportfile

_LINE = "line"


def combine(reports: Sequence[CoverageReport], root: str) -> CoverageReport:
    """Unite reports that were read with detail: by (file, line) with hits added, by block where a format has blocks.

    A report alone stays as it is. Where only counts are known they add up by file, and of two results for one file the
    better one stands. Where units differ and every report has its lines, lines are counted; otherwise the unit of the
    first is, and files known in another unit alone are left out.
    """
    if len(reports) == 1:
        return reports[0]
    unit = _unit(reports)
    tally = Tally(detail=True)
    for report in reports:
        for found in report.files:
            counted = _in_unit(found, report.unit, unit)
            if counted is not None:
                tally.counts(replace(counted, path=located(found.path, report.roots, root)))
    return CoverageReport(
        path=", ".join(report.path for report in reports[:3]) + (", ..." if len(reports) > 3 else ""),
        format="+".join(sorted({report.format for report in reports})),
        unit=unit,
        declared=Totals(),
        computed=tally.totals(),
        files=tally.files(),
        differed=any(report.mismatch for report in reports),
    )


def collect(patterns: Sequence[str], root: str, format: str | None) -> coverage.Collected:  # noqa: A002
    """See `coverage.collect`."""
    found = reportfile.expand(patterns, root)
    problems = list(found.problems)
    reports = list(_readable(found.files, format, problems))
    notes = [report.sentence for report in reports if report.sentence]
    problems += _left_out(reports)
    files = tuple(report.path for report in reports)
    if not reports:
        return coverage.Collected(problems=tuple(problems))
    whole = combine(reports, root)
    if whole.to_model() is None and whole.pct is None:
        notes.append(f"{whole.path}: there is nothing to cover in it, so coverage is unknown")
    return coverage.Collected(
        coverage=whole.to_model(), pct=whole.pct, files=files, problems=tuple(problems), notes=tuple(notes)
    )


def _readable(paths: Sequence[str], format: str | None, problems: list[str]) -> Iterable[CoverageReport]:  # noqa: A002
    for path in paths:
        try:
            yield coverage.read(path, format, detail=len(paths) > 1)
        except CIReporterError as exc:
            problems.append(str(exc))


def _unit(reports: Sequence[CoverageReport]) -> str:
    units = {report.unit for report in reports}
    if len(units) > 1 and all(each.lines is not None for report in reports for each in report.files):
        return _LINE
    return reports[0].unit


def _in_unit(found: FileCoverage, has: str, wanted: str) -> FileCoverage | None:
    if has == wanted:
        return found
    if wanted == _LINE and found.lines is not None:
        return of_lines(found.path, dict(found.lines.items()), found.branches)
    return None


def _left_out(reports: Sequence[CoverageReport]) -> list[str]:
    unit = _unit(reports) if reports else ""
    return [
        f"{report.path}: counted in {report.unit}s, not in {unit}s as the others; it was left out"
        for report in reports
        if any(_in_unit(each, report.unit, unit) is None for each in report.files)
    ]
