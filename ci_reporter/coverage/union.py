"""Several reports as one: shards, languages, the same run in several formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ci_reporter.coverage.paths import path_from
from ci_reporter.coverage.report import CoverageReport, FileCoverage, Totals
from ci_reporter.coverage.tally import Tally, of_lines

_LINE = "line"


def combine(reports: Sequence[CoverageReport], root: str = ".") -> CoverageReport:
    """Unite reports that were read with detail: by (file, line) with hits added, by block where a format has blocks.

    A report alone stays as it is. Where only counts are known they add up by file, and of two results for one file the
    better one stands. Where units differ and every report has its lines, lines are counted; otherwise the unit of the
    first is, and files known in another unit alone are left out.
    """
    if len(reports) == 1:
        return reports[0]
    unit = common_unit(reports)
    tally = Tally(detail=True)
    for report in reports:
        for found in report.files:
            counted = in_unit(found, report.unit, unit)
            if counted is not None:
                tally.counts(replace(counted, path=path_from(found.path, report.roots, root)))
    return CoverageReport(
        path=", ".join(report.path for report in reports[:3]) + (", ..." if len(reports) > 3 else ""),
        format="+".join(sorted({report.format for report in reports})),
        unit=unit,
        declared=Totals(),
        computed=tally.totals(),
        files=tally.files(),
        differed=any(report.mismatch for report in reports),
    )


def common_unit(reports: Sequence[CoverageReport]) -> str:
    """What reports are counted in together: lines where units differ and every file has its lines, else the first's."""
    units = {report.unit for report in reports}
    if len(units) > 1 and all(each.lines is not None for report in reports for each in report.files):
        return _LINE
    return reports[0].unit


def in_unit(found: FileCoverage, has: str, wanted: str) -> FileCoverage | None:
    """A file's coverage counted in another unit; None when that cannot be told."""
    if has == wanted:
        return found
    if wanted == _LINE and found.lines is not None:
        return of_lines(found.path, dict(found.lines.items()), found.branches)
    return None
