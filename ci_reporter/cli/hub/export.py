"""`ci-reporter hub export`: every report as a line of JSON, or all as a Parquet file."""

from __future__ import annotations

import os

import click

from ci_reporter.cli import output
from ci_reporter.cli.hub import extra, options
from ci_reporter.cli.reporting import report_errors
from ci_reporter.errors import StoreError, UsageError
from ci_reporter.system.files import replacement


@click.command("export", epilog="Example:  ci-reporter hub export | jq -r .result | sort | uniq -c")
@options.database
@click.option(
    "--format",
    "form",
    type=click.Choice(["ndjson", "parquet"]),
    default="ndjson",
    help="ndjson: a line of JSON each. parquet: a column for each key; needs pyarrow. Default: ndjson.",
)
@click.option("--output", "file", metavar="FILE", help="Where to write; parquet needs it. Default: stdout.")
@report_errors
def command(database: str, form: str, file: str | None) -> None:
    """Write every report, in the order of their arrival. The hub may run."""
    with extra():
        from ci_reporter.hub.parquet import write_parquet
        from ci_reporter.hub.store.opening import bodies
        from ci_reporter.hub.transfer import write_lines
    found = bodies(database)
    if file is None:
        if form == "parquet":
            raise UsageError("--format parquet writes a file: name it with --output")
        for body in found:
            output.result(body)
        return
    write = write_parquet if form == "parquet" else write_lines
    try:
        with replacement(os.path.abspath(file)) as out:
            count = write(found, out)
    except OSError as exc:
        raise StoreError(f"cannot write {file}: {exc.strerror}") from exc
    output.say(f"ci-reporter: {count} reports are in {file}")
