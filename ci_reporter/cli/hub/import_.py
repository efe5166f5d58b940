"""`ci-reporter hub import`: reports from files into the database."""

from __future__ import annotations

import sys
import time

import click

from ci_reporter.cli import output
from ci_reporter.cli.hub import extra, options
from ci_reporter.cli.reporting import report_errors
from ci_reporter.config import Config


@click.command("import", epilog="Example:  ci-reporter hub import shop/.ci-reporter old-hub.ndjson")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@options.database
@options.branches
@report_errors
def command(files: tuple[str, ...], database: str, branches: tuple[str, ...]) -> None:
    """Keep the reports of FILEs, one a line of JSON: what `hub export` prints, or steps.ndjson of a state folder.

    A folder means the steps.ndjson in it, `-` stdin. A report that is there already is passed over. A hub must not
    have the SQLite file open; on PostgreSQL it may run. Exit code 1 when a line is not a report; the others are kept.
    """
    with extra():
        from ci_reporter.hub.runs.steps import keep_runs
        from ci_reporter.hub.store.opening import open_store
        from ci_reporter.hub.transfer import import_lines, lines_of
    store = open_store(database)
    keep_runs(store)
    refused = 0
    try:
        for file in files:
            lines = lines_of(file, sys.stdin.buffer)

            def say(problem: str, file: str = file) -> None:
                output.say(f"ci-reporter: {file}, {problem}")

            found = import_lines(store, lines, branches or Config.branches, time.time(), say)
            refused += found.refused
            output.say(f"ci-reporter: {file}: {found.stored} stored, {found.known} known, {found.refused} refused")
    finally:
        store.close()
    sys.exit(1 if refused else 0)
