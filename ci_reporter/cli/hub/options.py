"""Options that several of the hub's commands have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from click.core import ParameterSource

from ci_reporter.cli import output
from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.hub.store.tables import Tables

_PASSWORD = "CI_REPORTER_HUB_DATABASE_PASSWORD"  # noqa: S105  the variable's name
DEFAULT_DATABASE = "ci-reporter-hub.db"


def _without_password(context: click.Context, parameter: click.Parameter, database: str) -> str:
    """Refuse a password among the arguments, which everybody on the machine can read while the command runs."""
    given = parameter.name and context.get_parameter_source(parameter.name)
    if given is ParameterSource.COMMANDLINE and database.startswith(("postgresql:", "postgres:")):
        from urllib.parse import parse_qs, urlsplit

        parts = urlsplit(database)
        if ":" in parts.netloc.rpartition("@")[0] or "password" in parse_qs(parts.query):
            output.say(
                "ci-reporter: option --database: leave the password out, others on this machine can read it there"
                f" (set {_PASSWORD} or {_PASSWORD}_FILE, PGPASSWORD or PGPASSFILE)"
            )
            context.exit(UsageError.exit_code)
    return database


database = click.option(
    "--database",
    metavar="FILE|URL",
    default=DEFAULT_DATABASE,
    envvar="CI_REPORTER_HUB_DATABASE",
    show_envvar=True,
    callback=_without_password,
    help=f"The hub's SQLite file, or postgresql://USER@HOST/NAME. Default: {DEFAULT_DATABASE}.",
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
