"""`ci-reporter summary`: the steps of this run, as a table or as JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import reported
from ci_reporter.errors import StateError
from ci_reporter.journal import Journal
from ci_reporter.model import Report
from ci_reporter.providers import detect, read_text
from ci_reporter.schema import to_json
from ci_reporter.sinks.configured import sink_names
from ci_reporter.surfaces import terminal


@click.command("summary", epilog="Example:  ci-reporter summary --all")
@click.option("--all", "every", is_flag=True, help="Steps of every run in the state folder, not of this run alone.")
@click.option("--run", "run_id", metavar="CI_RUN_ID", help="Steps of that run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON report a line.")
@reported
def command(every: bool, run_id: str | None, as_json: bool) -> None:
    """Show the steps of this run: name, result, duration, coverage, delivery.

    On a machine without a CI system every call is a run of its own, so there the newest run in the state folder is
    shown.
    """
    context = current_context()
    journal, names = context.journal, sink_names(context.config)
    problems = _recovered(journal, names)
    wanted = None if every else run_id or _this_run(journal, context.env)
    chosen = list(journal.reports(wanted or ""))
    for problem in problems or journal.passed_over():
        output.warn(problem, context.env)
    if as_json:
        for report in chosen:
            output.result(json.dumps(to_json(report)))
    elif chosen:
        title = f"{terminal.plain(wanted) if wanted else 'every run'}: {_counted(len(chosen))}"
        delivery = _delivery(chosen, journal, names)
        table = terminal.summary(chosen, delivery, colour=output.colour(sys.stdout, context.env))
        details = [line for report in chosen for line in terminal.details(report)]
        output.result("\n".join([f"{title}\n\n{table}", *([""] if details else []), *details]))
    else:
        output.say(f"ci-reporter: no steps of {terminal.plain(wanted) if wanted else 'any run'} in {journal.path}")


def _recovered(journal: Journal, sinks: Sequence[str]) -> list[str]:
    """Write what killed reporters have left; what cannot be written can still be shown."""
    try:
        journal.recover(sinks)
    except StateError as exc:
        return [str(exc)]
    return []


def _this_run(journal: Journal, env: Mapping[str, str]) -> str:
    run = detect(env, read_text)
    if run.provider == "local" and "CI_RUN_ID" not in env and (newest := journal.newest()):
        return newest.run.ci_run_id
    return run.ci_run_id


def _delivery(reports: Sequence[Report], journal: Journal, sinks: Sequence[str]) -> dict[str, str]:
    """What is known of each report's delivery: nothing is, where there is nowhere to deliver to."""
    waiting: dict[str, list[str]] = {}
    for each in journal.spool.owed():
        waiting.setdefault(each.report.report_id, []).append(each.sink)
    fates = {report.report_id: "ok" for report in reports if sinks}
    return fates | {report_id: f"waiting for {', '.join(names)}" for report_id, names in waiting.items()}


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"
