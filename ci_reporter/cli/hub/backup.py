"""`ci-reporter hub backup`: a copy of the database, while the hub runs."""

from __future__ import annotations

import click

from ci_reporter.cli import output
from ci_reporter.cli.hub import extra, options
from ci_reporter.cli.reporting import report_errors


@click.command("backup", epilog="Example:  ci-reporter hub backup /backups/hub-$(date +%F).db")
@click.argument("file", metavar="FILE")
@options.database
@report_errors
def command(file: str, database: str) -> None:
    """Copy an SQLite database to FILE as it is at one moment, and check the copy. The hub may run.

    For a PostgreSQL database use pg_dump.
    """
    with extra():
        from ci_reporter.hub.store.opening import check_is_file
        from ci_reporter.hub.store.sqlite.backup import back_up
    check_is_file(database, "pg_dump --format custom")
    back_up(database, file)
    output.say(f"ci-reporter: {database} is backed up in {file}")
