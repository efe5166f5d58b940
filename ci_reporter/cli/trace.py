"""`ci-reporter trace`: the run's own span, which holds the spans of its steps together."""

from __future__ import annotations

from typing import Any

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.cli.run import explicit_options, sink_options
from ci_reporter.context import Context, recorded_run_id
from ci_reporter.errors import StateError, UsageError
from ci_reporter.sinks.otlp import Otlp
from ci_reporter.sinks.spans import is_span
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.trace import trace_id_of


@click.command("trace", epilog="Example:  ci-reporter collect --from-api && ci-reporter trace")
@click.option("--id", "only_id", is_flag=True, help="Only print the id of the run's trace.")
@click.option("--run", "run_id", metavar="CI_RUN_ID", help="Of that run. Default: this run.")
@report_errors
def command(only_id: bool, run_id: str | None, **where: Any) -> None:
    """Send the span of the whole run to the OTLP endpoint (CI_REPORTER_OTLP), and print the id of its trace.

    It lasts from the first step that is recorded here to the last one, and has the worst result. Call it once, in the
    run's last job, where the records of the other jobs are collected. Without it a trace has no root.
    """
    context = current_context(explicit_options(where))
    run = run_id or recorded_run_id(context)
    if not only_id:
        _send(context, run)
    output.result(trace_id_of(context.env.get("TRACEPARENT") if only_id else None, run))


command.params = [*sink_options(), *command.params]


def _send(context: Context, run: str) -> None:
    """Send the span. Raises UsageError where there is no sink for it, StateError where nothing is recorded."""
    settings = context.config.sinks.get("otlp")
    if settings is None:
        raise UsageError("there is nowhere to send the trace to (set CI_REPORTER_OTLP or give --otlp URL)")
    recorded = [report for report in context.journal.reports(run) if is_span(report)]
    if not recorded:
        raise StateError(f"no step of run {run} is recorded in {context.journal.path} (`ci-reporter summary --all`)")
    reports = [each for each in recorded if trace_id_of(each.traceparent, run) == trace_id_of(None, run)]
    if not reports:
        raise UsageError(f"the steps of run {run} are in a trace that TRACEPARENT named, which has a root of its own")
    sink = settings.sink(context)
    assert isinstance(sink, Otlp)  # noqa: S101
    for note in sink.send_run(reports, Deadline(context.config.budget_s)):
        output.warn(note, context.env)
