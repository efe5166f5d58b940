"""`ci-reporter hub`: the server that keeps what jobs report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from ci_reporter.cli.lazy import LazyGroup
from ci_reporter.errors import UsageError

_SUBCOMMANDS = {
    "serve": "Run the hub: receive, poll, keep, alert, show pages. Until SIGTERM.",
    "lint": "Check a configuration file: keys, tokens, what is polled, what it costs.",
    "get": "Show runs, steps, pipelines, deployments, tests and more from a hub.",
    "silence": "Add, list and expire silences, which mute alerts for a time.",
    "user": "Add, list and remove people who sign in.",
    "token": "Create, list and revoke API tokens.",
    "backup": "Copy the SQLite database while the hub runs.",
    "restore": "Replace the SQLite database with a backup.",
    "export": "Write all reports as lines of JSON, or as Parquet.",
    "import": "Add reports from files to the database.",
}


@click.group(
    "hub",
    cls=LazyGroup,
    lazy=_SUBCOMMANDS,
    prefix="hub.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  ci-reporter hub serve",
)
def command() -> None:
    """Run a server that keeps what jobs report, polls CI systems, sends alerts and shows web pages.

    One process with an SQLite file is enough to begin; several can share a PostgreSQL database. Install it with
    `pip install 'ci-reporter[hub]'` on the machine that it runs on. Jobs need only ci-reporter itself.

    Begin with `hub serve`. People see the hub in a browser, programs at /api/v1 and /metrics.
    """


@contextmanager
def extra() -> Iterator[None]:
    """Import what only the extra has; without it one sentence says how to get it. Raises UsageError."""
    try:
        yield
    except ModuleNotFoundError as exc:
        raise UsageError(
            f"the hub needs packages that are not installed here ({exc.name}): pip install 'ci-reporter[hub]'"
        ) from exc
