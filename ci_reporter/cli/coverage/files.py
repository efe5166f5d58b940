"""What the coverage commands share: the files they are given, read and united."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from ci_reporter import coverage
from ci_reporter.coverage.report import CoverageReport, FileCoverage, Totals
from ci_reporter.errors import CIReporterError
from ci_reporter.system import reportfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

format_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--format",
    "format_name",
    metavar="FORMAT",
    envvar="CI_REPORTER_COVERAGE_FORMAT",
    help=f"Read the files as this format instead of recognising it by their content: {', '.join(coverage.FORMATS)}.",
)


def read_all(patterns: Sequence[str], folder: str, format_name: str | None, *, detail: bool) -> list[CoverageReport]:
    """Read every file that is named. Raises an error of ours for the first that cannot be."""
    found = reportfile.expand(patterns, folder)
    if found.problems:
        raise CIReporterError(found.problems[0])
    return [coverage.read(path, format_name, detail=detail or len(found.files) > 1) for path in found.files]


def counts(totals: Totals) -> dict[str, Any]:
    """Totals by the Report's keys; 0 of 0 branches is unknown, as files without branch coverage declare it."""
    known = bool(totals.branches_total)
    return {
        "covered": totals.covered,
        "total": totals.total,
        "branches_covered": totals.branches_covered if known else None,
        "branches_total": totals.branches_total if known else None,
    }


def percent(totals: Totals | FileCoverage) -> str:
    """A percentage for a person."""
    if isinstance(totals, FileCoverage):
        totals = Totals(covered=totals.covered, total=totals.total)
    return "unknown" if totals.percentage is None else f"{totals.percentage:.2f} %"
