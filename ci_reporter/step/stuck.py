"""A command that runs for too long, told while it still runs: alert rules about `stuck`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from itertools import count

from ci_reporter.context import Context
from ci_reporter.model import Report
from ci_reporter.notify.policies.conditions import comparisons
from ci_reporter.notify.policies.facts import STUCK
from ci_reporter.notify.policies.policy import Policy, is_for
from ci_reporter.step.alerts import Told, plan_stuck, policies, send_alerts, settle_alerts
from ci_reporter.system.deadline import Deadline

_MARGIN_S = 0.05  # the condition is `more than`
_SHORTEST_S = 1.0


def watch_stuck(context: Context, report: Report, running: str, since: float) -> list[Told]:
    """Tell people while the command runs, from a thread of its own, where a rule asks for it.

    `running` is the file that is there as long as the step runs, `since` its start by `time.monotonic`. The thread ends
    with the program; what it was sending then waits in the outbox. What it has told is put into the list that comes
    back, to be said when the command has ended: until then its output is its own.
    """
    told: list[Told] = []
    rules = [each for each in policies(context.config) if is_for(each, report, gate=False)]
    limits = _limits(rules)
    if not limits or context.config.dry_run:
        return told
    moments = (since + each for each in _moments(limits, rules))
    from threading import Thread

    try:
        Thread(target=_watch, args=(context, report, running, moments, told), daemon=True).start()
    except RuntimeError:  # the limit of processes is reached
        pass
    return told


def _limits(rules: Sequence[Policy]) -> list[float]:
    """The limits that the rules set, in seconds."""
    found = {
        each.number
        for rule in rules
        if rule.condition
        for each in comparisons(rule.condition)
        if each.name == STUCK and each.number is not None
    }
    return sorted(found)


def _moments(limits: Sequence[float], rules: Sequence[Policy]) -> Iterator[float]:
    """When to look, in seconds from the start: as each limit is passed, then each time that it may be said again."""
    yield from (limit + _MARGIN_S for limit in limits)
    repeats = [rule.repeat_s for rule in rules if rule.repeat_s]
    if repeats:
        every_s = max(_SHORTEST_S, min(repeats)) + _MARGIN_S
        yield from (max(limits) + _MARGIN_S + at * every_s for at in count(1))


def _watch(context: Context, report: Report, running: str, moments: Iterator[float], told: list[Told]) -> None:
    def still_runs() -> bool:
        return os.path.exists(running)

    for moment in moments:
        time.sleep(max(0.0, moment - time.monotonic()))
        if not still_runs():
            return
        deadline = Deadline(context.config.budget_s)
        telling = plan_stuck(context, report, deadline, still_runs)
        told.append(settle_alerts(context, telling, send_alerts(context, telling, deadline), deadline))
