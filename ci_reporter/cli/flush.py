"""`ci-reporter flush`: send what the spool holds, and the alerts that wait in the outbox."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.progress import progress
from ci_reporter.cli.reporting import report_errors
from ci_reporter.cli.run import explicit_options, sink_options
from ci_reporter.context import Context
from ci_reporter.errors import DeliveryError, UsageError
from ci_reporter.journal.spool import Spooled
from ci_reporter.notify.channels import not_set_up, send_waiting
from ci_reporter.notify.outbox import Outbox
from ci_reporter.notify.policies.settle import settle
from ci_reporter.sinks.configured import sink_names, sinks
from ci_reporter.step.abandoned import join, plan_abandoned
from ci_reporter.step.deliver import deliver
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@click.command("flush", epilog="Example:  ci-reporter flush --strict")
@click.option("--strict", is_flag=True, help="Exit 70 when something is still not delivered.")
@report_errors
def command(strict: bool, **where: Any) -> None:
    """Send the reports and alerts that have not been delivered yet, within the budget (CI_REPORTER_BUDGET, default 5s).

    A report older than what the gateway shows for its step is not pushed over it; it stays in steps.ndjson.
    """
    context = current_context(explicit_options(where))
    journal, names = context.journal, sink_names(context.config)
    orphans = journal.recover(names)
    if orphans:
        output.say(f"ci-reporter: {_steps(len(orphans))} whose reporter was killed: recorded now")
    waiting = journal.spool.pending()
    deadline = Deadline(context.config.budget_s)
    _plan_alerts(context, deadline)  # before anything is pushed: rules compare with what the gateway held before
    doing, budget_s = f"sending {len(waiting)} report{'' if len(waiting) == 1 else 's'}", context.config.budget_s
    with progress(lambda: doing, context.env, of_s=budget_s, quiet=context.config.quiet):
        delivered = deliver(journal, sinks(context), None, deadline)
    left = journal.spool.pending()
    damaged = len(journal.spool) - len(left)
    problems = [*delivered.notes, *(f"not delivered: {why}" for why in delivered.reasons)]
    problems += _without_sink(left, names)
    problems += [f"{damaged} files in {journal.spool.path} are damaged; they were skipped"] if damaged else []
    for problem in problems:
        output.warn(problem, context.env)
    output.say(f"ci-reporter: {delivered.taken} of {len(waiting)} waiting reports delivered, {len(left)} left")
    alerts_left = _flush_alerts(context, deadline)
    if (left or alerts_left) and (strict or context.config.strict):
        sys.exit(DeliveryError.exit_code)


command.params = [*sink_options(), *command.params]


def _plan_alerts(context: Context, deadline: Deadline) -> None:
    """Hold the alert rules against steps whose reporter was killed before it did; wrong rules stop nothing."""
    try:
        judged = plan_abandoned(context, deadline)
    except UsageError as exc:
        output.warn(f"the alert rules were not held against steps whose reporter was killed: {exc}", context.env)
        return
    for problem in join(judged).warnings:
        output.warn(problem, context.env)
    if judged:
        output.say(f"ci-reporter: alert rules held against {_steps(len(judged))} whose reporter was killed")


def _flush_alerts(context: Context, deadline: Deadline) -> int:
    """Send the alerts that wait, say what became of them; how many still wait."""
    outbox = Outbox(context.journal)
    before = len(outbox)
    if not before:
        return 0
    waiting = outbox.pending()
    sent = send_waiting(context, deadline)
    settle(context, waiting, sent, deadline)
    for each in sent:
        for why in each.problems:
            output.warn(f"{each.channel} did not take an alert: {why}", context.env)
        for why in each.without_chart:
            output.warn(f"{each.channel} took an alert without its chart: {why}", context.env)
    for channel in sorted({each.channel for each in outbox.pending()} - {each.channel for each in sent}):
        output.warn(f"alerts wait for {channel!r}: {not_set_up(context, channel)}", context.env)
    left = len(outbox.pending())
    if damaged := len(outbox) - left:
        output.warn(f"{damaged} files in {outbox.path} are damaged; they were skipped", context.env)
    taken = sum(each.taken for each in sent)
    output.say(
        f"ci-reporter: {taken} message{'' if taken == 1 else 's'} sent, {left} alert{'' if left == 1 else 's'} left"
    )
    return left


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def _without_sink(left: Sequence[Spooled], configured: Sequence[str]) -> list[str]:
    """Say which reports wait for a sink that is not, or no longer, configured."""
    counts = Counter(each.sink for each in left if each.sink not in configured)
    return [
        f"{count} reports wait for {sink!r}, which is not configured (set CI_REPORTER_{sink.upper()})"
        for sink, count in counts.items()
    ]
