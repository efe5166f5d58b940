"""The coverage formats, and how a file of any of them is read.

A format is a module with two functions. `sniff(text)` says whether a file that begins with `text` (its first 64 KiB) is
of this format. `read(source, tally)` gives the tally each source file's lines or counts, and returns what the file
itself declares. To add one: a file, a line in `FORMATS`, a test file, a line in the reference page. Other packages add
theirs as an entry point of `ci_reporter.coverage`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ci_reporter import registry
from ci_reporter.coverage.report import CoverageReport, FileCoverage, Totals
from ci_reporter.coverage.source import Declared, Source, declared_count
from ci_reporter.coverage.tally import RepeatedFile, Tally
from ci_reporter.errors import ReportFileError
from ci_reporter.system import reportfile
from ci_reporter.system.reporthead import text_of

Read = Callable[[Source, Tally], Declared]

FORMATS: Mapping[str, str] = {
    "cobertura": "ci_reporter.coverage.cobertura",
    "coveragepy_json": "ci_reporter.coverage.coveragepy_json",
    "lcov": "ci_reporter.coverage.lcov",
    "jacoco": "ci_reporter.coverage.jacoco",
    "clover": "ci_reporter.coverage.clover",
    "gocover": "ci_reporter.coverage.gocover",
    "simplecov": "ci_reporter.coverage.simplecov",
    "istanbul": "ci_reporter.coverage.istanbul",
    "opencover": "ci_reporter.coverage.opencover",
    "llvm_cov": "ci_reporter.coverage.llvm_cov",
    "gcovr": "ci_reporter.coverage.gcovr",
    "sonarqube": "ci_reporter.coverage.sonarqube",
}


def read(path: str, format: str | None = None, *, detail: bool = False) -> CoverageReport:  # noqa: A002
    """Read one coverage file; its format is told from its content unless it is given.

    Without `detail` memory stays the same for any size and `files` is empty. Raises ReportFileError for what cannot be
    read, UsageError for a format nobody has.
    """
    with reportfile.open_report(path) as file:
        source = Source(path=path, file=file)
        name = format or recognise(path, reportfile.head_of(file))
        reader = _reader(name)
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


def recognise(path: str, head: bytes) -> str:
    """The format of a file that begins with these bytes. Raises ReportFileError when it is none that is known."""
    text = text_of(head)
    name = registry.recognise("coverage", text, FORMATS)
    if name is None:
        start = text.lstrip()[:40]
        raise ReportFileError(
            path,
            f"expected a coverage report ({', '.join(sorted(FORMATS))}); "
            f"it begins with {repr(start) if start else 'blanks'}",
        )
    return name


def _reader(name: str) -> Read:
    """A format's `read`; another package's entry point may be that function itself."""
    found = registry.load("coverage", name, FORMATS)
    reader: Read = getattr(found, "read", found)
    return reader


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
