"""The end of every step: write its record, deliver it within the budget, and say what became of both."""

from __future__ import annotations

import time

from ci_reporter.config import Config
from ci_reporter.context import Context
from ci_reporter.errors import CIReporterError, DeliveryError
from ci_reporter.frozen import Frozen
from ci_reporter.model import Report
from ci_reporter.runner import ORPHANED
from ci_reporter.runner.signals import Signals
from ci_reporter.sinks.configured import sink_names, sinks
from ci_reporter.step.deliver import Delivery
from ci_reporter.step.draft import Draft
from ci_reporter.step.record import Record, record
from ci_reporter.step.send import Outgoing, send
from ci_reporter.step.start import StartedStep
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.model import FailedTest
    from ci_reporter.sinks import Sink

_ORPHAN_BUDGET_S = 0.5  # a reporter that has lost its parent is about to be killed


class Timing(Frozen):
    """Our own time: what we took before the command started, when it ended, until when everything must be sent."""

    before_s: float
    ended: float
    deadline: Deadline

    def overhead_s(self) -> float:
        """What we have cost so far."""
        return self.before_s + time.monotonic() - self.ended


class Conclusion(Frozen):
    """A step that is over: its report, what became of it, what to say, and the exit code to end with.

    `previews` show what would have been sent, for a dry run.
    """

    report: Report
    fate: str
    exit_code: int
    warnings: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    previews: tuple[str, ...] = ()
    failed: tuple[FailedTest, ...] = ()


def timing(config: Config, report: Report, *, before_s: float = 0.0, ended: float | None = None) -> Timing:
    """The one deadline of everything sent from now on, and the clock of our overhead."""
    budget_s = min(config.budget_s, _ORPHAN_BUDGET_S) if report.step.reason == ORPHANED else config.budget_s
    return Timing(before_s=before_s, ended=time.monotonic() if ended is None else ended, deadline=Deadline(budget_s))


def finish(
    context: Context,
    started: StartedStep,
    draft: Draft,
    timing: Timing,
    signals: Signals | None = None,
) -> Conclusion:
    """Record and deliver what the draft has come to; a signal to stop among `signals` cuts the delivery short."""
    config, report = context.config, draft.report
    recorded = record(context, started, report)
    targets = _targets(context, started, timing)
    outgoing = Outgoing(
        context=context, draft=draft, started=started, targets=targets, deadline=timing.deadline, signals=signals
    )
    sending = send(outgoing)
    delivery = sending.delivery
    retry = (
        "'ci-reporter flush' sends it again" if recorded.written or started.running else "it could not be kept either"
    )
    lost = (f"not delivered: {why}; {retry}" for why in delivery.reasons)
    return Conclusion(
        report=report,
        fate=_fate(config, recorded, delivery),
        exit_code=_exit_code(config, draft, delivery),
        warnings=(*started.warnings, *draft.warnings, *recorded.problems, *delivery.notes, *lost, *sending.warnings),
        missed=draft.missed,
        notes=(*draft.notes, *sending.notes),
        failed=draft.failed,
        previews=sending.previews,
    )


def _targets(context: Context, started: StartedStep, timing: Timing) -> tuple[Sink, ...]:
    """The sinks, with our own samples: our overhead, and how many reports wait beside the step's own ones."""
    names = sink_names(context.config)
    if not names:
        return ()
    from ci_reporter import metrics

    waiting = len(context.journal.spool) - (len(names) if started.running else 0)
    about_us = (
        metrics.sample_of(metrics.OVERHEAD, [((), round(timing.overhead_s(), 4))]),
        metrics.sample_of(metrics.PUSH_FAILURES, [((), float(max(0, waiting)))]),
    )
    return sinks(context, about_us)


def _fate(config: Config, recorded: Record, delivery: Delivery) -> str:
    kept = "recorded" if recorded.written else "not recorded"
    if config.dry_run:
        return f"{kept}, nothing sent (dry run)"
    if delivery.refused:
        return "not delivered"
    return "pushed" if sink_names(config) else kept


def _exit_code(config: Config, draft: Draft, delivery: Delivery) -> int:
    """The step's own code; where that is 0, whether it is enough."""
    code = draft.report.step.exit_code
    if code or draft.missed:
        return code or CIReporterError.exit_code
    return DeliveryError.exit_code if delivery.refused and config.strict else 0
