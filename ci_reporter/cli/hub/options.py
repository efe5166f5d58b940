"""Options that several of the hub's commands have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.hub.store.tables import Tables

DEFAULT_DATABASE = "ci-reporter-hub.db"

database = click.option(
    "--database",
    metavar="FILE",
    default=DEFAULT_DATABASE,
    envvar="CI_REPORTER_HUB_DATABASE",
    show_envvar=True,
    help=f"The hub's SQLite file. Default: {DEFAULT_DATABASE}.",
)
branches = click.option(
    "--branch",
    "branches",
    metavar="PATTERN",
    multiple=True,
    envvar="CI_REPORTER_HUB_BRANCHES",
    show_envvar=True,
    help="Branches that are series of their own, beside the default branch. Default: main, master, release/*.",
)
config = click.option(
    "--config",
    metavar="FILE",
    envvar="CI_REPORTER_HUB_CONFIG",
    show_envvar=True,
    help="The hub's configuration file: what to poll, what to alert on.",
)
repositories = click.option(
    "--repository",
    "repositories",
    metavar="PATTERN",
    multiple=True,
    help="Only these repositories, such as acme/shop or 'acme/*'. Default: all.",
)


@contextmanager
def tables(database: str) -> Iterator[Tables]:
    """The small tables of a database, which a hub may have open. Raises StoreError, UsageError."""
    from ci_reporter.hub.store.opening import open_tables

    opened = open_tables(database)
    try:
        yield opened
    finally:
        opened.close()
