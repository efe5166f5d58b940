"""`ci-reporter coverage show`: what was read, what the file declares, what its records add up to."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from ci_reporter import coverage
from ci_reporter.cli import output
from ci_reporter.cli.coverage.files import counts, format_option, percent, read_all
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.coverage.diff import ranges
from ci_reporter.coverage.report import CoverageReport, FileCoverage, Totals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@click.command("show", epilog="Example:  ci-reporter coverage show --files 'reports/**/*.xml'")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@format_option
@click.option("--files", "per_file", is_flag=True, help="Each source file, too.")
@click.option("--json", "as_json", is_flag=True, help="One flat JSON object.")
@report_errors
def command(files: tuple[str, ...], format_name: str | None, per_file: bool, as_json: bool) -> None:
    """Show what coverage files say: format, unit, what is declared, what the records add up to.

    Several files, or patterns such as '**/coverage.xml', are united by file and line.
    """
    context = current_context()
    reports = read_all(files, context.folder, format_name, detail=per_file)
    whole = coverage.combine(reports, context.folder)
    if as_json:
        output.result(json.dumps(_flat(whole, reports, per_file=per_file), ensure_ascii=False, indent=2))
        return
    for report in reports:
        output.result(_text(report))
        if report.sentence:
            output.warn(report.sentence, context.env)
    if len(reports) > 1:
        output.result(_text(whole))
    if per_file:
        output.result(_table(whole.files))


def _flat(whole: CoverageReport, reports: Sequence[CoverageReport], *, per_file: bool) -> dict[str, Any]:
    flat = {"unit": whole.unit, **counts(whole.totals), "declared_mismatch": whole.mismatch, "coverage_pct": whole.pct}
    flat |= {"format": whole.format, "reports": [report.path for report in reports]}
    flat |= {"declared": _totals(whole.declared), "computed": _totals(whole.computed)}
    sentences = [report.sentence for report in reports if report.sentence]
    flat |= {"problems": sentences}
    return flat | ({"files": [_file(found) for found in whole.files]} if per_file else {})


def _totals(totals: Totals) -> dict[str, Any] | None:
    pct = totals.percentage
    return None if pct is None and totals.total is None else {**counts(totals), "pct": pct}


def _file(found: FileCoverage) -> dict[str, Any]:
    entry = {
        "path": found.path,
        "covered": found.covered,
        "total": found.total,
        "branches_covered": found.branches_covered if found.branches_total else None,
        "branches_total": found.branches_total or None,
    }
    return entry if found.lines is None else {**entry, "uncovered": [list(span) for span in _gaps(found)]}


def _gaps(found: FileCoverage) -> list[tuple[int, int]]:
    if found.lines is None:
        return []
    missed = [number for number, hits in found.lines.items() if not hits]
    return list(ranges(missed, found.lines.numbers))


def _text(report: CoverageReport) -> str:
    return "\n".join(
        (
            f"{report.path}: {report.format}, {percent(report.totals)}",
            f"  declared  {_sentence(report.declared, report.unit)}",
            f"  computed  {_sentence(report.computed, report.unit)}",
        )
    )


def _sentence(totals: Totals, unit: str) -> str:
    if totals.covered is None or totals.total is None:
        return "nothing" if totals.pct is None else f"{totals.pct:.2f} %"
    if not totals.total:
        return "nothing to cover"
    text = f"{totals.covered} of {totals.total} {unit.replace('_', ' ')}s"
    if totals.branches_total:  # files without branch coverage declare 0 of 0
        text += f", {totals.branches_covered} of {totals.branches_total} branches"
    return text


def _table(files: Sequence[FileCoverage]) -> str:
    rows = [(found.path, f"{found.covered}/{found.total}", percent(found), _spans(found)) for found in files]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "\n".join(
        f"{path.ljust(widths[0])}  {counts.rjust(widths[1])}  {pct.rjust(widths[2])}  {spans}".rstrip()
        for path, counts, pct, spans in rows
    )


def _spans(found: FileCoverage) -> str:
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in _gaps(found))
