"""`ci-reporter report`: a run as an HTML page, and badges of it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.config.hint import hint
from ci_reporter.context import recorded_run_id
from ci_reporter.errors import StateError, UsageError
from ci_reporter.journal import Journal
from ci_reporter.model import Report
from ci_reporter.surfaces.badge import BADGES
from ci_reporter.surfaces.html.page import page
from ci_reporter.system.files import write_atomic


@click.command("report", epilog="Example:  ci-reporter report --html report.html --badge coverage=coverage.svg")
@click.option("--html", metavar="FILE", help="Write the run as one HTML file: it loads nothing, and needs no network.")
@click.option(
    "--badge", "badges", multiple=True, metavar="KIND=FILE", help=f"Write a badge as SVG: {', '.join(BADGES)}."
)
@click.option("--step", metavar="NAME", help="The step that the badges are of. Default: the last one that knows it.")
@click.option("--run", "run_id", metavar="CI_RUN_ID", help="Of that run. Default: this run.")
@report_errors
def command(html: str | None, badges: Sequence[str], step: str | None, run_id: str | None) -> None:
    """Write a page of this run: what failed, what ran when, every step, the gate, and how the steps went before.

    Earlier runs are those that the state folder keeps; let your CI system cache it to see them.
    """
    wanted = dict(_badge(each) for each in badges)
    if not html and not wanted:
        raise UsageError("nothing to write (give --html FILE or --badge KIND=FILE)")
    context = current_context()
    run = run_id or recorded_run_id(context)
    reports = list(context.journal.reports(run))
    if not reports:
        raise StateError(f"no step of run {run} is recorded in {context.journal.path} (`ci-reporter summary --all`)")
    if html:
        _write(context.path(html), page(reports, _history(context.journal, reports), time.time()))
    for kind, path in wanted.items():
        _write(context.path(path), BADGES[kind](_step(reports, kind, step)))


def _badge(given: str) -> tuple[str, str]:
    kind, equals, path = given.partition("=")
    if kind not in BADGES:
        raise UsageError(f"option --badge: no badge named {kind!r} ({hint(kind, BADGES)})")
    if not (equals and path):
        raise UsageError(f"option --badge: {given!r} names no file (write {kind}={kind}.svg)")
    return kind, path


def _history(journal: Journal, reports: Sequence[Report]) -> Mapping[str, Sequence[Report]]:
    """What the journal has of each step of this run, on the same branch, oldest first."""
    found: dict[str, list[Report]] = {report.step.name: [] for report in reports}
    branch = reports[-1].run.branch
    for report in journal.reports():
        if report.step.name in found and report.run.branch == branch:
            found[report.step.name].append(report)
    return found


def _step(reports: Sequence[Report], kind: str, name: str | None) -> Report:
    """The step that a badge is of. Raises UsageError where none has that name."""
    named = [report for report in reports if name in (None, report.step.name)]
    if not named:
        raise UsageError(
            f"option --step: no step named {name!r} ({hint(name or '', {each.step.name for each in reports})})"
        )
    knows = {"coverage": lambda each: each.coverage_pct is not None, "gate": lambda each: each.gate is not None}
    return next((each for each in reversed(named) if knows.get(kind, bool)(each)), named[-1])


def _write(path: str, text: str) -> None:
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        write_atomic(path, text.encode("utf-8", "replace"))
    except OSError as exc:
        raise StateError(f"cannot write {path}: {exc.strerror}") from exc
    output.say(f"ci-reporter: wrote {path}")
