"""`ci-reporter hub restore`: a backup takes the place of the database."""

from __future__ import annotations

import click

from ci_reporter.cli import output
from ci_reporter.cli.hub import extra, options
from ci_reporter.cli.reporting import report_errors


@click.command("restore", epilog="Example:  ci-reporter hub restore /backups/hub-2026-01-31.db --replace")
@click.argument("file", metavar="FILE")
@options.database
@click.option("--replace", is_flag=True, help="Replace a database that is there.")
@report_errors
def command(file: str, database: str, replace: bool) -> None:
    """Check the backup FILE and replace an SQLite database with it. The hub must not run.

    For a PostgreSQL database use pg_restore.
    """
    with extra():
        from ci_reporter.hub.store.opening import check_is_file
        from ci_reporter.hub.store.sqlite.backup import restore
    check_is_file(database, "pg_restore")
    restore(file, database, replace=replace)
    output.say(f"ci-reporter: {database} is restored from {file}")
