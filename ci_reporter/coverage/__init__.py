"""Coverage reports: one file a format; what a file says becomes a `CoverageReport`, several become one.

A format is a module with `read(source, tally)`: it gives the tally each source file's lines or counts, and returns what
the file itself declares. To add one: a file, a line in `FORMATS`, a sign in `sniff.py`, a test file, a line in the
reference page; for one of your own, an entry point in the group `ci_reporter.coverage`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ci_reporter import registry
from ci_reporter.coverage import sniff
from ci_reporter.coverage.report import CoverageReport, FileCoverage, Totals
from ci_reporter.coverage.source import Declared, Source, declared_count
from ci_reporter.coverage.tally import RepeatedFile, Tally
from ci_reporter.errors import ReportFileError
from ci_reporter.model import Coverage
from ci_reporter.system import reportfile

__all__ = ["FORMATS", "Collected", "CoverageReport", "FileCoverage", "Totals", "collect", "combine", "read"]

Read = Callable[[Source, Tally], Declared]

FORMATS: Mapping[str, str] = {
    "cobertura": "ci_reporter.coverage.cobertura:read",
    "coveragepy_json": "ci_reporter.coverage.coveragepy_json:read",
    "lcov": "ci_reporter.coverage.lcov:read",
    "jacoco": "ci_reporter.coverage.jacoco:read",
    "clover": "ci_reporter.coverage.clover:read",
    "gocover": "ci_reporter.coverage.gocover:read",
    "simplecov": "ci_reporter.coverage.simplecov:read",
    "istanbul": "ci_reporter.coverage.istanbul:read",
    "opencover": "ci_reporter.coverage.opencover:read",
    "llvm_cov": "ci_reporter.coverage.llvm_cov:read",
    "gcovr": "ci_reporter.coverage.gcovr:read",
}


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


def read(path: str, format: str | None = None, *, detail: bool = False) -> CoverageReport:  # noqa: A002
    """Read one coverage file; its format is told from its content unless it is given.

    Without `detail` memory stays the same for any size and `files` is empty. Raises ReportFileError for what cannot be
    read, UsageError for a format nobody has.
    """
    with reportfile.opened(path) as file:
        source = Source(path=path, file=file)
        name = format or sniff.recognised(path, reportfile.head_of(file), FORMATS)
        reader: Read = registry.load("coverage", name, FORMATS)
        tally = Tally(detail=detail)
        try:
            declared = reader(source, tally)
            computed = tally.totals()
        except RepeatedFile:
            file.seek(0)
            tally = Tally(detail=True)
            declared = reader(source, tally)
            computed = tally.totals()
    return _report(source, name, declared, computed, tally.files() if detail else ())


def combine(reports: Sequence[CoverageReport], root: str = ".") -> CoverageReport:
    """Unite several reports, read with detail, to one: see `combine.combine`."""
    from ci_reporter.coverage.union import combine as united

    return united(reports, root)


def collect(patterns: Sequence[str], root: str, format: str | None = None) -> Collected:  # noqa: A002
    """Read what `patterns` name below `root`, together. Never raises for a bad file: it is a problem, one sentence."""
    from ci_reporter.coverage.union import collect as collected

    return collected(patterns, root, format)


def _report(
    source: Source, name: str, declared: Declared, computed: Totals, files: tuple[FileCoverage, ...]
) -> CoverageReport:
    report = CoverageReport(
        path=source.path,
        format=name,
        unit=declared.unit,
        declared=Totals(
            covered=declared_count(declared.covered),
            total=declared_count(declared.total),
            branches_covered=declared_count(declared.branches_covered),
            branches_total=declared_count(declared.branches_total),
            pct=declared.pct,
        ),
        computed=computed,
        files=files,
        roots=declared.roots,
    )
    covered, total = report.declared.covered, report.declared.total
    if covered is not None and total is not None and covered > total and not computed.sane:
        raise ReportFileError(
            source.path, f"declares {covered} of {total} {declared.unit}s covered, and holds no others"
        )
    return report
