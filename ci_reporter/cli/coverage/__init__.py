"""`ci-reporter coverage`: look at coverage files, merge them, hold them against a change."""

from __future__ import annotations

import click

from ci_reporter.cli.lazy import LazyGroup

_SUBCOMMANDS = {
    "show": "Show what coverage files say.",
    "merge": "Unite shards into one file.",
    "diff": "Show the coverage of the lines a change touches.",
}


@click.group(
    "coverage",
    cls=LazyGroup,
    lazy=_SUBCOMMANDS,
    prefix="coverage.",
    epilog="Example:  ci-reporter coverage show coverage.xml",
)
def command() -> None:
    """Look at coverage files, merge them, hold them against a change.

    The format of each file is recognised by its content; `show --help` lists the formats.
    """
