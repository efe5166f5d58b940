"""What the coverage files of a job say together, and what was wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ci_reporter.coverage.formats import read
from ci_reporter.coverage.report import CoverageReport
from ci_reporter.coverage.union import combine, common_unit, in_unit
from ci_reporter.errors import CIReporterError
from ci_reporter.model import Coverage
from ci_reporter.system import reportfile


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What the coverage files of a job say together.

    `problems` are sentences about files that could not be read, `notes` about what is odd in the others.
    """

    coverage: Coverage | None = None
    pct: float | None = None
    files: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def collect(patterns: Sequence[str], root: str, format: str | None = None) -> Collected:  # noqa: A002
    """Read what `patterns` name below `root`, together. Never raises for a bad file: it is a problem, one sentence."""
    found = reportfile.expand(patterns, root)
    problems = list(found.problems)
    reports = list(_readable(found.files, format, problems))
    notes = [report.sentence for report in reports if report.sentence]
    problems += _left_out(reports)
    files = tuple(report.path for report in reports)
    if not reports:
        return Collected(problems=tuple(problems))
    whole = combine(reports, root)
    if whole.to_model() is None and whole.pct is None:
        notes.append(f"{whole.path}: there is nothing to cover in it, so coverage is unknown")
    return Collected(
        coverage=whole.to_model(), pct=whole.pct, files=files, problems=tuple(problems), notes=tuple(notes)
    )


def _readable(paths: Sequence[str], format: str | None, problems: list[str]) -> Iterable[CoverageReport]:  # noqa: A002
    for path in paths:
        try:
            yield read(path, format, detail=len(paths) > 1)
        except CIReporterError as exc:
            problems.append(str(exc))


def _left_out(reports: Sequence[CoverageReport]) -> list[str]:
    unit = common_unit(reports) if reports else ""
    return [
        f"{report.path}: counted in {report.unit}s, not in {unit}s as the others; it was left out"
        for report in reports
        if any(in_unit(each, report.unit, unit) is None for each in report.files)
    ]
