"""`ci-reporter summary`: the steps of this run, as a table or as JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.page import records_of, records_option, reports_of, write_page
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.context import recorded_run_id
from ci_reporter.errors import StateError, UsageError
from ci_reporter.journal import Journal
from ci_reporter.journal.unjudged import left_behind
from ci_reporter.schema import to_json
from ci_reporter.sinks.configured import sink_names
from ci_reporter.surfaces import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@click.command("summary", epilog='Example:  ci-reporter summary --markdown "$GITHUB_STEP_SUMMARY"')
@click.option("--all", "every", is_flag=True, help="Steps of every run in the state folder, not of this run alone.")
@click.option("--run", "run_id", metavar="CI_RUN_ID", help="Steps of that run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON report a line.")
@records_option
@click.option(
    "--markdown",
    metavar="FILE",
    help="Write the run as a page of Markdown instead, of at most 1 MiB; - is stdout. The summary of a GitHub job is"
    " appended to.",
)
@click.option(
    "--full",
    metavar="FILE",
    help="Where the whole page goes when it is longer than that. Default: summary.md in the state folder.",
)
@report_errors
def command(every: bool, run_id: str | None, as_json: bool, **page: Any) -> None:
    """Show the steps of this run: name, result, duration, coverage, delivery.

    On a machine without a CI system every call is a run of its own, so the newest run is shown there. DELIVERY is `-`
    for a step that had no sink to be sent to.
    """
    if page["full"] and not page["markdown"]:
        raise UsageError("option --full: needs --markdown FILE")
    if as_json and page["markdown"]:
        raise UsageError("--json and --markdown: only one of them can be written")
    if every and page["records"]:
        raise UsageError("--all and --records: only one of them can be shown")
    context = current_context()
    journal, names = context.journal, sink_names(context.config)
    problems = _recover(journal, names)
    wanted = None if every else run_id or recorded_run_id(context)
    chosen, unread = reports_of(context, wanted, page["records"]) if wanted else (list(journal.reports()), [])
    for problem in problems or journal.foreign_files_warning():
        output.warn(problem, context.env)
    if as_json:
        for report in chosen:
            output.result(json.dumps(to_json(report)))
    elif chosen and page["markdown"]:
        write_page(context, records_of(context, chosen, unread), page["markdown"], page["full"])
    elif chosen:
        title = f"{terminal.plain(wanted) if wanted else 'every run'}: {_step_count(len(chosen))}"
        table = terminal.summary(
            chosen, journal.deliveries(wanted or ""), colour=output.colour(sys.stdout, context.env)
        )
        details = [line for report in chosen for line in terminal.details(report)]
        output.result("\n".join([f"{title}\n\n{table}", *([""] if details else []), *details]))
    else:
        output.say(f"ci-reporter: {_nothing(journal, wanted)}")


def _recover(journal: Journal, sinks: Sequence[str]) -> list[str]:
    """Write what killed reporters have left; what cannot be written can still be shown."""
    try:
        journal.recover(sinks)
    except StateError as exc:
        return [str(exc)]
    if count := left_behind(journal):
        steps = "1 step" if count == 1 else f"{count} steps"
        return [
            f"nobody was told of {steps}: the reporter was killed before it held the alert rules against"
            f" {'it' if count == 1 else 'them'}; the next step or 'ci-reporter flush' does it"
        ]
    return []


def _nothing(journal: Journal, wanted: str | None) -> str:
    """Say that there are no steps, and how to see those that there are."""
    found = f"no steps of {terminal.plain(wanted) if wanted else 'any run'} in {journal.path}"
    return f"{found}; `ci-reporter summary --all` shows those of other runs" if journal.newest() else found


def _step_count(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"
