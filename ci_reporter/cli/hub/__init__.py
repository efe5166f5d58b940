"""`ci-reporter hub`: the server that keeps what jobs report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from ci_reporter.cli.lazy import LazyGroup
from ci_reporter.errors import UsageError

_SUBCOMMANDS = {
    "serve": "Receive reports and keep them, until SIGTERM.",
    "lint": "Check the configuration file: tokens, what is polled, what it costs.",
    "get": "Show runs, steps, pipelines, deployments, tests and more that a hub has.",
    "silence": "Let alerts tell nobody for a time: add, list, expire.",
    "user": "Add, list and remove people who sign in.",
    "token": "Make, list and revoke API tokens.",
    "backup": "Copy the database while the hub runs.",
    "restore": "Put a backup in the place of the database.",
    "export": "Print every report as a line of JSON.",
    "import": "Keep the reports of files, one a line.",
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
    """Receive what jobs report, and keep it: one process, one SQLite file, or several on a PostgreSQL.

    It needs `pip install 'ci-reporter[hub]'`, once on the machine that it runs on; jobs need nothing but their
    ci-reporter.
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
