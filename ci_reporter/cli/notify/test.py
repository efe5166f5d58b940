"""`ci-reporter notify test`: a sample to each channel, and a verdict a line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.config import values
from ci_reporter.context import current_run
from ci_reporter.frozen import replace
from ci_reporter.notify.alert import Alert, Field, Level, State
from ci_reporter.notify.channels import opens_incidents, send_all
from ci_reporter.notify.delivery import Sent
from ci_reporter.providers import git
from ci_reporter.system.deadline import Deadline


@click.command("test", epilog="Example:  ci-reporter notify test --to slack,email")
@click.option("--to", "to", multiple=True, metavar="CHANNEL", help="Where to. Default: all channels that are set up.")
@report_errors
def command(to: Sequence[str]) -> None:
    """Send a sample to each channel that is set up; exit 1 when one of them does not take it.

    An incident that the sample opens, on a pager or in Alertmanager, is closed at once.
    """
    context = current_context()
    names = [name for each in to for name in values.items(each)]
    sample = Alert(
        title="ci-reporter can reach this channel",
        text="This is a sample. Nothing has happened, and nobody has to do anything.",
        level=Level.INFO,
        run=git.fill(current_run(context), context.folder, context.env),
        fields=(Field(name="Duration", value="2 min 3 s"), Field(name="Coverage", value="93.1 % (+0.4)")),
        dedup_key="ci-reporter notify test",
    )
    sent = send_all(context, [sample], names, Deadline(context.config.budget_s), keep=False)
    if opened := [each.channel for each in sent if each.taken and opens_incidents(context, each.channel)]:
        end = replace(sample, state=State.RESOLVED)
        sent = _both(sent, send_all(context, [end], opened, Deadline(context.config.budget_s), keep=False))
    for each in sent:
        output.result(f"{'FAIL' if each.problems else 'ok  '}  {each.channel}")
        for why in each.problems:
            output.result(f"      → {why}")
    if not sent:
        output.say("ci-reporter: no channel is set up (`ci-reporter notify --help` lists their variables)")
    sys.exit(1 if any(each.problems for each in sent) else 0)


def _both(first: Sequence[Sent], second: Sequence[Sent]) -> list[Sent]:
    """What became of the sample, and of its end."""
    ends = {each.channel: each for each in second}
    return [
        replace(each, refused=(*each.refused, *ends[each.channel].problems)) if each.channel in ends else each
        for each in first
    ]
