"""The record: written to the journal, enqueued for its sinks, shown in the OpenMetrics file."""

from __future__ import annotations

from ci_reporter.context import Context
from ci_reporter.errors import DeliveryError, StateError
from ci_reporter.frozen import Frozen
from ci_reporter.model import Report
from ci_reporter.sinks.configured import sink_names
from ci_reporter.step.start import StartedStep


class Record(Frozen):
    """Whether there is a record now, and what went wrong."""

    written: bool
    problems: tuple[str, ...] = ()


def record(context: Context, started: StartedStep, report: Report) -> Record:
    """Write the record, then those of steps whose reporter was killed, then the OpenMetrics file."""
    journal, names = context.journal, sink_names(context.config)
    try:
        journal.finish(started.running, report, () if context.config.dry_run else names)
    except StateError as exc:  # without a running file, the reason has been said when the step started
        return Record(written=False, problems=(str(exc),) if started.running else ())
    try:
        journal.recover(names)
        if context.config.openmetrics:
            from ci_reporter.sinks import openmetrics

            openmetrics.write(context.path(context.config.openmetrics), list(journal.reports(report.run.ci_run_id)))
    except (StateError, DeliveryError) as exc:
        return Record(written=True, problems=(str(exc),))
    return Record(written=True, problems=tuple(journal.foreign_files_warning()))
