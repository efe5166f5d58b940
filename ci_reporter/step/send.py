"""Everything that is sent after a step: its report to the sinks, its alerts to people, side by side by one deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from ci_reporter.context import Context
from ci_reporter.frozen import Frozen
from ci_reporter.runner.signals import Signals
from ci_reporter.step.deliver import Delivery, deliver
from ci_reporter.step.draft import Draft
from ci_reporter.step.start import StartedStep, tells_people
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.parallel import run_together

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from ci_reporter.sinks import Sink
    from ci_reporter.step.alerts import Post, Telling

    T = TypeVar("T")
    Both = tuple[Delivery, Post | None]

_GRACE_S = 2.0  # of the 7.5 s that GitHub leaves between SIGINT and SIGTERM, and GitLab's or Docker's 10 s
_POLL_S = 0.02


class Sending(Frozen):
    """What came of sending: the delivery to sinks, what to say of the alerts, and for a dry run what would be sent."""

    delivery: Delivery = Delivery()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    previews: tuple[str, ...] = ()


class Outgoing(Frozen):
    """What is to be sent, where to, until when; a signal to stop among `signals` cuts it short."""

    context: Context
    draft: Draft
    started: StartedStep
    targets: tuple[Sink, ...]
    deadline: Deadline
    signals: Signals | None = None


def send(outgoing: Outgoing) -> Sending:
    """Send the report, and tell people where somebody asked for that."""
    if tells_people(outgoing.context.config) or outgoing.context.journal.has_unjudged():
        return _send_with_alerts(outgoing)
    if outgoing.context.config.dry_run or not outgoing.targets:
        return Sending(previews=_previews(outgoing))
    return Sending(delivery=_until_signal(outgoing, partial(_to_sinks, outgoing), partial(_cut, outgoing)))


def _send_with_alerts(outgoing: Outgoing) -> Sending:
    from ci_reporter.step import alerts

    context, deadline = outgoing.context, outgoing.deadline
    planned, cut = _plan_until_interrupted(outgoing, partial(_plan, outgoing))
    if planned is None:
        later = "; the next step or 'ci-reporter flush' does it" if outgoing.started.running else ""
        warning = f"the alert rules were not held against this step: {cut}{later}"
        return Sending(delivery=_cut(outgoing, cut), warnings=(warning,))
    telling = planned
    if context.config.dry_run:
        return Sending(notes=telling.notes, previews=(*_previews(outgoing), *alerts.previews(context, telling)))

    def nothing(why: str) -> Both:
        return _cut(outgoing, why), None

    both = partial(_to_both, outgoing, telling)
    delivery, post = nothing(cut) if cut else _until_signal(outgoing, both, nothing)
    told = alerts.settle_alerts(context, telling, post, deadline)
    notes, warnings = (*telling.notes, *told.notes), (*telling.warnings, *told.warnings)
    return Sending(delivery=delivery, notes=notes, warnings=warnings)


def _plan(outgoing: Outgoing) -> Telling:
    """What there is to tell of steps that were left behind, which ran earlier, and of this one.

    What the Pushgateway holds from before is read here, so this comes before the report is pushed.
    """
    from ci_reporter.journal.unjudged import forget
    from ci_reporter.step import alerts
    from ci_reporter.step.abandoned import join, plan_abandoned

    context, draft, deadline = outgoing.context, outgoing.draft, outgoing.deadline
    earlier = plan_abandoned(context, deadline)
    ours = alerts.plan_alerts(context, draft.report, deadline, gate=draft.gate)
    forget(outgoing.started.running)
    return join([*earlier, ours])


def _plan_until_interrupted(outgoing: Outgoing, plan: Callable[[], Telling]) -> tuple[Telling | None, str]:
    """What there is to tell, and what interrupted us, if anything did.

    A signal does not stop the planning at once: what is planned lies in the outbox, anything else would be lost.
    """
    done: list[Telling] = []

    def work() -> str:
        done.append(plan())
        return ""

    cut = _until_signal(outgoing, work, lambda why: why)
    until_s = time.monotonic() + (_GRACE_S if cut else 0.0)
    while not done and time.monotonic() < until_s:
        time.sleep(_POLL_S)
    return (done[0] if done else None), cut


def _to_both(outgoing: Outgoing, telling: Telling) -> Both:
    from ci_reporter.step import alerts

    def sinks() -> Both:
        return _to_sinks(outgoing), None

    def channels() -> Both:
        return Delivery(), alerts.send_alerts(outgoing.context, telling, outgoing.deadline)

    (delivery, _), (_, post) = run_together([sinks, channels])
    return delivery, post


def _to_sinks(outgoing: Outgoing) -> Delivery:
    if not outgoing.targets:
        return Delivery()
    return deliver(outgoing.context.journal, outgoing.targets, outgoing.draft.report, outgoing.deadline)


def _until_signal(outgoing: Outgoing, work: Callable[[], T], otherwise: Callable[[str], T]) -> T:
    """Do the work; what was not sent when a signal comes stays where it was put before, in the spool or the outbox."""
    from ci_reporter.runner.interrupt import Interrupted, interruptible

    try:
        return interruptible(work, outgoing.signals) if outgoing.signals else work()
    except Interrupted as exc:
        return otherwise(f"interrupted by {exc}")
    except RuntimeError as exc:  # the limit of threads is reached
        return otherwise(str(exc))


def _cut(outgoing: Outgoing, why: str) -> Delivery:
    return Delivery(refused=True, reasons=(why,)) if outgoing.targets else Delivery()


def _previews(outgoing: Outgoing) -> tuple[str, ...]:
    return tuple(target.preview(outgoing.draft.report) for target in outgoing.targets)
