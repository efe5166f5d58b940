"""A command has ended: all parts in order, from its measures to the last word."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ci_reporter.context import Context
from ci_reporter.model import Report, seconds_of
from ci_reporter.runner.signals import Signals
from ci_reporter.step.command import CommandRun, CommandStep
from ci_reporter.step.draft import Draft
from ci_reporter.step.enrich import enrich
from ci_reporter.step.finish import Conclusion, finish, timing
from ci_reporter.step.prepare import reads_reports

_NOT_FOUND = 127


def conclude(
    context: Context, command: CommandStep, done: CommandRun, signals: Signals, *, before_s: float = 0.0
) -> Conclusion:
    """Enrich, hold to limits, record, deliver. `before_s` is the time we took before the command started."""
    ours = timing(context.config, done.report, before_s=before_s, ended=done.ended)
    notes = tuple(note for told in done.told for note in told.notes)
    draft = enrich(context, Draft(report=done.report, notes=notes), command.argv, done.masks).with_warnings(
        *_hints(command, done.report), *(each for told in done.told for each in told.warnings)
    )
    if reads_reports(context.config):
        from ci_reporter.step.hold import hold_to_limits
        from ci_reporter.step.reports import read_reports

        draft = read_reports(context, draft, since_s=_since_s(done))
        draft = hold_to_limits(context, draft, ours.deadline)
    return finish(context, command.started, draft, ours, signals)


def _hints(command: CommandStep, report: Report) -> Iterator[str]:
    """What the output lost on its way through us, and what one word that no program has as its name may have meant."""
    for stream, why in command.order.lost.items():
        yield f"the command's output did not all arrive: {stream} could not take it ({why})"
    word = command.argv[0]
    if report.step.exit_code == _NOT_FOUND and len(command.order.command) == 1 and len(word.split()) > 1:
        yield f"{word[:60]!r} is one word here: write it without the quotes, or add --shell to have a shell read it"


def _since_s(done: CommandRun) -> float | None:
    """When the command started, by the clock that its files have: it may have been set back meanwhile."""
    started_s = seconds_of(done.report.step.started_at)
    return started_s and min(started_s, time.time() - (time.monotonic() - done.started))
