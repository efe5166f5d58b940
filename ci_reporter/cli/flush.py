"""`ci-reporter flush`: send what the spool holds."""

from __future__ import annotations

import sys

import click

from ci_reporter.cli import output
from ci_reporter.cli.delivery import deliver
from ci_reporter.cli.place import here, sinks
from ci_reporter.cli.reporting import reported
from ci_reporter.errors import DeliveryError
from ci_reporter.http import Deadline


@click.command("flush", epilog="Example:  ci-reporter flush --strict")
@click.option("--pushgateway", metavar="URL", help="Send to this Pushgateway.  [CI_REPORTER_PUSHGATEWAY]")
@click.option("--strict", is_flag=True, help="Exit 70 when something is still not delivered.")
@reported
def command(pushgateway: str | None, strict: bool) -> None:
    """Send what has not been delivered yet, within the budget (CI_REPORTER_BUDGET, default 5s).

    A report older than what the gateway shows for its step is not pushed over it; it stays in steps.ndjson.
    """
    place = here({"pushgateway": pushgateway})
    journal = place.journal
    orphans = journal.recover(place.sink_names)
    if orphans:
        output.say(f"ci-reporter: {len(orphans)} steps whose reporter was killed are recorded now")
    waiting = len(journal.spool)
    delivered = deliver(journal, sinks(place.config), None, Deadline(place.config.budget_s))
    left = len(journal.spool)
    for line in (*delivered.notes, *(f"not delivered: {why}" for why in delivered.reasons)):
        output.warn(line, place.env)
    if left and not place.sink_names:
        output.warn(f"{left} reports wait for a sink, and none is configured (set CI_REPORTER_PUSHGATEWAY)", place.env)
    output.say(f"ci-reporter: {delivered.taken} of {waiting} waiting reports delivered, {left} left")
    if left and (strict or place.config.strict):
        sys.exit(DeliveryError.exit_code)
