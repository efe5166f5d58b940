"""Alert rules held against steps whose reporter was killed: the next `run` or `flush` tells people in its place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ci_reporter.context import Context
from ci_reporter.frozen import replace
from ci_reporter.journal.unjudged import Unjudged, take_over
from ci_reporter.notify.policies.policy import Policy
from ci_reporter.step.alerts import Telling, plan_alerts, policies
from ci_reporter.system.deadline import Deadline


def plan_abandoned(context: Context, deadline: Deadline) -> list[Telling]:
    """What there is to tell of them, as far as half of the time reaches; the others are left to the next call."""
    if context.config.dry_run:
        return []
    enough_s = deadline.left_s() / 2
    judge = partial(_plan, context, Deadline(enough_s))
    return take_over(context.journal, judge, lambda: deadline.left_s() >= enough_s)


def join(tellings: Sequence[Telling]) -> Telling:
    """All of it as one. What is known of earlier runs is said of the last one alone: the step of this call."""
    last = tellings[-1] if tellings else Telling()
    return replace(
        last,
        announcements=tuple(each for telling in tellings for each in telling.announcements),
        direct=tuple(each for telling in tellings for each in telling.direct),
        warnings=tuple(dict.fromkeys(each for telling in tellings for each in telling.warnings)),
    )


def _plan(context: Context, deadline: Deadline, step: Unjudged) -> Telling:
    return plan_alerts(context, step.report, deadline, gate=step.gate, every=_rules(context, step))


def _rules(context: Context, step: Unjudged) -> tuple[Policy, ...]:
    """The rules of the file, and the --notify-on that the step's own call was given."""
    return policies(replace(context.config, notify_on=step.notify_on, notify_to=step.notify_to))
