"""A command has ended: all parts in order, from its measures to the last word."""

from __future__ import annotations

from ci_reporter.context import Context
from ci_reporter.runner.signals import Signals
from ci_reporter.step.command import CommandRun, CommandStep
from ci_reporter.step.draft import Draft
from ci_reporter.step.enrich import enrich
from ci_reporter.step.finish import Conclusion, finish, timing
from ci_reporter.step.prepare import reads_reports


def conclude(
    context: Context, command: CommandStep, done: CommandRun, signals: Signals, *, before_s: float = 0.0
) -> Conclusion:
    """Enrich, hold to limits, record, deliver. `before_s` is the time we took before the command started."""
    ours = timing(context.config, done.report, before_s=before_s, ended=done.ended)
    draft = enrich(context, Draft(report=done.report), command.argv, done.masks)
    if reads_reports(context.config):
        from ci_reporter.step.hold import hold_to_limits
        from ci_reporter.step.reports import read_reports

        draft = read_reports(context, draft, since=done.report.step.started_at)
        draft = hold_to_limits(context, draft, ours.deadline)
    return finish(context, command.started, draft, ours, signals)
