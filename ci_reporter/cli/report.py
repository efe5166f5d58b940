"""`ci-reporter report`: a run as an HTML page, badges of it, and the reports that GitLab takes of a job."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

import click

from ci_reporter.cli.page import records_option, reports_of
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.cli.writing import write_file
from ci_reporter.config.hint import hint
from ci_reporter.context import Context, recorded_run_id
from ci_reporter.errors import StateError, UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.journal import Journal
from ci_reporter.journal.series import earlier
from ci_reporter.model import Report
from ci_reporter.surfaces import gitlab
from ci_reporter.surfaces.badge import BADGES
from ci_reporter.surfaces.html.page import page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@click.command("report", epilog="Example:  ci-reporter report --html report.html --badge coverage=coverage.svg")
@click.option("--html", metavar="FILE", help="Write the run as one HTML file: it loads nothing, and needs no network.")
@click.option(
    "--badge", "badges", multiple=True, metavar="KIND=FILE", help=f"Write a badge as SVG: {', '.join(BADGES)}."
)
@click.option(
    "--annotations", metavar="FILE", help="Write links for the job's page, as GitLab's annotations report takes them."
)
@click.option("--link", "links", multiple=True, metavar="TEXT=URL", help="A link more, such as one to a dashboard.")
@click.option("--dotenv", metavar="FILE", help="Write what the step came to, as CI_STEP_RESULT and others, as dotenv.")
@click.option(
    "--step", metavar="NAME", help="The step that badges and dotenv are of. Default: the last one that knows the value."
)
@click.option("--run", "run_id", metavar="CI_RUN_ID", help="Of that run. Default: this run.")
@records_option
@report_errors
def command(run_id: str | None, records: Sequence[str], **wanted: Any) -> None:
    """Write a page of this run: what failed, what ran when, every step, the gate, and how the steps went before.

    Earlier runs are those that the state folder keeps; let your CI system cache it to see them.
    """
    files = _Files(
        **wanted | {"badges": dict(map(_badge, wanted["badges"])), "links": dict(map(_link, wanted["links"]))}
    )
    if not any((files.html, files.badges, files.annotations, files.dotenv)):
        raise UsageError("nothing to write (give --html, --badge, --annotations or --dotenv)")
    context = current_context()
    run = run_id or recorded_run_id(context)
    reports, _ = reports_of(context, run, records)
    if not reports:
        raise StateError(f"no step of run {run} is recorded in {context.journal.path} (`ci-reporter summary --all`)")
    for path, text in _contents(context, reports, files):
        write_file(context.path(path), text)


class _Files(Frozen):
    """What is to be written where."""

    html: str | None
    badges: Mapping[str, str]
    annotations: str | None
    links: Mapping[str, str]
    dotenv: str | None
    step: str | None


def _contents(context: Context, reports: Sequence[Report], files: _Files) -> Iterator[tuple[str, str]]:
    """Each file with what goes into it."""
    if files.html:
        yield files.html, page(reports, _history(context.journal, reports), time.time())
    for kind, path in files.badges.items():
        yield path, BADGES[kind](_step(reports, kind, files.step))
    if files.annotations:
        shown = os.path.relpath(context.path(files.html), context.root) if files.html else ""
        report = {"The report": gitlab.artifact_url(reports[-1], quote(shown))} if shown else {}
        yield files.annotations, gitlab.annotations_report(reports, report | dict(files.links))
    if files.dotenv:
        yield files.dotenv, gitlab.dotenv(_step(reports, "dotenv", files.step))


def _link(given: str) -> tuple[str, str]:
    text, equals, url = given.partition("=")
    if not (text and equals and url.startswith(("https://", "http://"))):
        raise UsageError(f"option --link: {given!r} is not TEXT=URL with an https:// or http:// address")
    return text, url


def _badge(given: str) -> tuple[str, str]:
    kind, equals, path = given.partition("=")
    if kind not in BADGES:
        raise UsageError(f"option --badge: no badge named {kind!r} ({hint(kind, BADGES)})")
    if not (equals and path):
        raise UsageError(f"option --badge: {given!r} names no file (write {kind}={kind}.svg)")
    return kind, path


def _history(journal: Journal, reports: Sequence[Report]) -> Mapping[str, Sequence[Report]]:
    """What the journal has of each step of this run: earlier runs, oldest first, and this one."""
    records = list(journal.reports())
    jobs = {report.run.job_name for report in reports}
    return {
        f"{report.step.name} ({report.run.job_name})" if len(jobs) > 1 else report.step.name: [
            *earlier(report, records),
            report,
        ]
        for report in reports
    }


def _step(reports: Sequence[Report], kind: str, name: str | None) -> Report:
    """The step that a badge is of. Raises UsageError where none has that name."""
    named = [report for report in reports if name in (None, report.step.name)]
    if not named:
        raise UsageError(
            f"option --step: no step named {name!r} ({hint(name or '', {each.step.name for each in reports})})"
        )
    knows = {"coverage": lambda each: each.coverage_pct is not None, "gate": lambda each: each.gate is not None}
    return next((each for each in reversed(named) if knows.get(kind, bool)(each)), named[-1])
