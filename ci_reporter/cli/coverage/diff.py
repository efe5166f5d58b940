"""`ci-reporter coverage diff`: whether the tests run the lines that this change touches."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence

import click

from ci_reporter import coverage
from ci_reporter.cli import output
from ci_reporter.cli.coverage.files import format_option, read_all
from ci_reporter.cli.jobsummary import append_summary
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.context import Context, current_run
from ci_reporter.coverage.changed import Change, Repository
from ci_reporter.coverage.diff import ChangeCoverage, change_coverage, markdown, spans
from ci_reporter.coverage.outdated import Sources, contradictions
from ci_reporter.coverage.report import CoverageReport
from ci_reporter.errors import CIReporterError, UsageError
from ci_reporter.surfaces import github

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# GitHub shows ten annotations of a kind for a step.
_MOST_ANNOTATIONS = 10
_USUAL_PLACES = (
    *("coverage.xml", "coverage.json", "lcov.info", "coverage.lcov", "cover.out", "coverage.out", "cobertura.xml"),
    *("coverage/lcov.info", "coverage/coverage-final.json", "coverage/cobertura-coverage.xml", "coverage/clover.xml"),
    *("coverage/.resultset.json", "coverage/coverage.json", "target/site/jacoco/jacoco.xml"),
    *("build/reports/jacoco/test/jacocoTestReport.xml", "build/reports/kover/report.xml"),
)


@click.command("diff", epilog="Example:  ci-reporter coverage diff --base origin/main coverage.xml")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "--base",
    metavar="REVISION",
    envvar="CI_REPORTER_BASE",
    help="What to compare with; default: the branch that the pull or merge request goes to, else the default branch.",
)
@click.option(
    "--min",
    "least",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    envvar="CI_REPORTER_COVERAGE_DIFF_MIN",
    help="Exit 1 when less of the changed lines ran, or when that is unknown.",
)
@format_option
@click.option("--markdown", "as_markdown", is_flag=True, help="The table as Markdown.")
@click.option("--json", "as_json", is_flag=True, help="One flat JSON object.")
@report_errors
def command(
    files: tuple[str, ...],
    base: str | None,
    least: float | None,
    format_name: str | None,
    as_markdown: bool,
    as_json: bool,
) -> None:
    """Show the coverage of the lines this change touches: those that differ from where it left the base.

    Without FILE the usual places are searched. On GitHub uncovered lines become annotations, ten at most, and the table
    goes to the step's summary. A warning says so when a report seems to be older than the change.
    """
    context = current_context()
    repository = Repository(folder=context.root, env=context.env)
    change = repository.change(base or _base(context))
    reports = read_all(files or _usual(context.folder), context.folder, format_name, detail=True)
    whole = coverage.combine(reports, context.root)
    found = change_coverage(change.lines, whole, context.root)
    doubts = contradictions(reports, change.lines, Sources(root=context.root, changed_at=repository.changed_at(change)))
    if as_json:
        output.result(json.dumps(_flat(found, change, whole) | {"doubts": doubts}, ensure_ascii=False, indent=2))
    else:
        output.result(markdown(found, change.base, doubts) if as_markdown else _text(found, change))
    for doubt in doubts:
        output.warn(f"{doubt}; these figures may be wrong: run the tests again", context.env)
    _on_github(found, change, doubts, context.env)
    _hold_to(least, found)


def _hold_to(least: float | None, found: ChangeCoverage) -> None:
    """End with 1 below the limit. A change with nothing to run passes, unless a changed file is in no report."""
    if least is None or (not found.total and not found.unknown):
        return
    if not found.total:
        raise CIReporterError(f"coverage of the changed lines is unknown, and --min is {least:g} %")
    if 100 * found.covered < least * found.total:
        raise CIReporterError(
            f"{found.covered} of {found.total} changed lines ran, {found.pct:.2f} %; --min is {least:g} %"
        )


def _base(context: Context) -> str:
    run = current_run(context)
    branch = run.target_branch or run.default_branch
    if not branch:
        raise UsageError("cannot tell what to compare with; say --base origin/main")
    return f"origin/{branch}"


def _usual(folder: str) -> tuple[str, ...]:
    found = tuple(name for name in _USUAL_PLACES if os.path.isfile(os.path.join(folder, name)))
    if not found:
        raise UsageError(f"no coverage file in the usual places ({', '.join(_USUAL_PLACES[:4])}, ...); name one")
    return found


def _flat(found: ChangeCoverage, change: Change, report: CoverageReport) -> dict[str, Any]:
    return {
        "unit": "line",
        "covered": found.covered,
        "total": found.total,
        "coverage_pct": found.pct,
        "base": change.base,
        "merge_base": change.merge_base,
        "format": report.format,
        "files": [
            {
                "path": each.path,
                "covered": each.covered,
                "total": each.total,
                "uncovered": list(map(list, each.uncovered)),
            }
            for each in found.files
        ],
        "unknown_files": list(found.unknown),
    }


def _text(found: ChangeCoverage, change: Change) -> str:
    if not found.total:
        text = f"nothing that could run has changed since {change.base}"
    else:
        head = f"{found.pct:.2f} % of the {found.total} changed lines since {change.base} ran"
        text = "\n".join(
            [head, *(f"  {each.path}: {each.covered}/{each.total}{_gap_note(spans(each))}" for each in found.files)]
        )
    return text + "".join(f"\n  {name}: in no report" for name in found.unknown)


def _gap_note(lines: str) -> str:
    return f", not covered: {lines}" if lines else ""


def _on_github(found: ChangeCoverage, change: Change, doubts: Sequence[str], env: Mapping[str, str]) -> None:
    if env.get("GITHUB_ACTIONS") == "true":
        for line in _annotations(found):
            output.say(line)
    append_summary(f"{markdown(found, change.base, doubts)}\n", env)


def _annotations(found: ChangeCoverage) -> Iterator[str]:
    """Commands that GitHub shows at the uncovered lines, the longest ranges first."""
    missed = [(last - first, each.path, first, last) for each in found.files for first, last in each.uncovered]
    for _, path, first, last in sorted(missed, key=lambda each: (-each[0], each[1:]))[:_MOST_ANNOTATIONS]:
        which = f"Lines {first}-{last} are" if last > first else f"Line {first} is"
        place = f"file={_property(path)},line={first},endLine={last},title=Not covered"
        yield f"::warning {place}::{github.escape_data(f'{which} changed and not covered by tests.')}"


def _property(text: str) -> str:
    """A property's value. Source: actions/toolkit, core/command.ts."""
    return github.escape_data(text).replace(":", "%3A").replace(",", "%2C")
