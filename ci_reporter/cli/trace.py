"""`ci-reporter trace`: the run's own span, which holds the spans of its steps together."""

from __future__ import annotations

import sys

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.cli.run import explicit_options, sink_options
from ci_reporter.context import Context, recorded_run_id
from ci_reporter.errors import DeliveryError, StateError
from ci_reporter.sinks.otlp import Otlp
from ci_reporter.sinks.spans import is_span
from ci_reporter.step.trace import Whole, whole_run
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.trace import trace_id_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@click.command("trace", epilog="Example:  ci-reporter trace --from-api")
@click.option("--from-api", is_flag=True, help="Ask GitHub or GitLab when the run's jobs began and how they ended.")
@click.option(
    "--records",
    multiple=True,
    metavar="GLOB",
    help="Also count these records (steps.ndjson) of other jobs; ** matches any depth.",
)
@click.option("--id", "only_id", is_flag=True, help="Only print the id of the trace that a step here would be in.")
@click.option("--run", "run_id", metavar="CI_RUN_ID", help="Of that run. Default: this run.")
@click.option("--strict", is_flag=True, help="Exit 70 when the span was not delivered.")
@report_errors
def command(
    from_api: bool, records: tuple[str, ...], only_id: bool, run_id: str | None, strict: bool, **where: Any
) -> None:
    """Send the span of the whole run to the OTLP endpoint (CI_REPORTER_OTLP), and print the id of its trace.

    It lasts from the first step or job that is known here to the last one, and has the worst result. Call it once, in
    the run's last job. Without it a trace has no root. Without an endpoint, as in a job of a fork, nothing happens. A
    failure does not fail the job, unless --strict says so.

    What the API needs is what `ci-reporter collect --from-api` needs.
    """
    context = current_context(explicit_options(where))
    run = run_id or recorded_run_id(context)
    if only_id:
        output.result(trace_id_of(context.env.get("TRACEPARENT"), run))
        return
    sink = _sink(context)
    if sink is None:
        output.say("ci-reporter: no trace: there is nowhere to send it to (set CI_REPORTER_OTLP or give --otlp URL)")
        return
    try:
        deadline = Deadline(context.config.budget_s)
        # An API that hangs leaves half of the time to send the span in.
        asking = Deadline(context.config.budget_s / 2) if from_api else None
        _send(context, sink, run, whole_run(context, run, records, from_api=asking), deadline)
    except DeliveryError as exc:
        output.warn(f"the span of the run was not delivered: {exc} (call `ci-reporter trace` again)", context.env)
        if strict or context.config.strict:
            sys.exit(DeliveryError.exit_code)
    output.result(trace_id_of(None, run))


command.params = [*sink_options(), *command.params]


def _sink(context: Context) -> Otlp | None:
    settings = context.config.sinks.get("otlp")
    if settings is None:
        return None
    sink = settings.sink(context)
    assert isinstance(sink, Otlp)  # noqa: S101
    return sink


def _send(context: Context, sink: Otlp, run: str, whole: Whole, deadline: Deadline) -> None:
    """Send the span. Raises StateError where nothing is known of the run, DeliveryError."""
    for warning in whole.warnings:
        output.warn(warning, context.env)
    reports = [report for report in whole.reports if is_span(report)]
    if not reports:
        raise StateError(f"no step of run {run} is recorded in {context.journal.path} (`ci-reporter summary --all`)")
    for note in sink.send_run(reports, deadline):
        output.warn(note, context.env)
