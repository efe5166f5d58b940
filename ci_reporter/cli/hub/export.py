"""`ci-reporter hub export`: every report as a line of JSON."""

from __future__ import annotations

import click

from ci_reporter.cli import output
from ci_reporter.cli.hub import extra, options
from ci_reporter.cli.reporting import report_errors


@click.command("export", epilog="Example:  ci-reporter hub export | jq -r .result | sort | uniq -c")
@options.database
@report_errors
def command(database: str) -> None:
    """Print every report as one line of JSON, in the order of their arrival. The hub may run."""
    with extra():
        from ci_reporter.hub.store.sqlite.store import bodies
    for body in bodies(database):
        output.result(body)
