"""`ci-reporter coverage merge`: the union of shards, as a file that other tools read."""

from __future__ import annotations

import os

import click

from ci_reporter import coverage
from ci_reporter.cli import output
from ci_reporter.cli.coverage.files import format_option, percent, read_all
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.coverage.report import CoverageReport
from ci_reporter.coverage.write import STYLES, line_totals, pieces
from ci_reporter.errors import UsageError
from ci_reporter.system.files import replacement

_BY_ENDING = {".xml": "cobertura", ".info": "lcov", ".lcov": "lcov", ".json": "json"}


@click.command("merge", epilog="Example:  ci-reporter coverage merge 'shard-*/lcov.info' --out merged.xml")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--out", required=True, metavar="FILE", help="The file to write.")
@click.option(
    "--to", "style", type=click.Choice(list(STYLES)), help="What to write; else what the name of --out ends in says."
)
@format_option
@report_errors
def command(files: tuple[str, ...], out: str, style: str | None, format_name: str | None) -> None:
    """Unite coverage files by file and line, hits added, and write one file."""
    chosen = style or _BY_ENDING.get(os.path.splitext(out)[1].lower())
    if chosen is None:
        raise UsageError(f"--out {out}: cannot tell what to write; say --to {'|'.join(STYLES)}")
    context = current_context()
    reports = read_all(files, context.folder, format_name, detail=True)
    whole = coverage.combine(reports, context.folder)
    _write(whole, chosen, out)
    output.say(f"ci-reporter: {out}: {len(reports)} merged, {len(whole.files)} source files, {_shares(whole)}")


def _shares(report: CoverageReport) -> str:
    """What was read, in its own unit; and what was written, which has lines, where the two are not the same."""
    lines = line_totals(report)
    written = f"{percent(lines)} of {lines.total} lines"
    if report.unit == "line":
        return written
    read = f"{percent(report.totals)} of {report.totals.total} {report.unit.replace('_', ' ')}s"
    return f"{read}; written as lines: {written}"


def _write(report: CoverageReport, style: str, path: str) -> None:
    """Written beside and moved into place: nobody sees half a file, and `path` may be one of those that were read."""
    content = pieces(report, style)
    try:
        with replacement(path) as file:
            file.writelines(piece.encode("utf-8", "replace") for piece in content)
    except OSError as exc:
        raise UsageError(f"--out {path}: cannot be written: {exc.strerror}") from exc
