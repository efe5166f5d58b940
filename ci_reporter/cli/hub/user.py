"""`ci-reporter hub user`: people who sign in."""

from __future__ import annotations

import json
import os
import sys
import time

import click

from ci_reporter.cli import output
from ci_reporter.cli.hub import extra, options
from ci_reporter.cli.reporting import report_errors
from ci_reporter.config import secrets
from ci_reporter.errors import CIReporterError, UsageError
from ci_reporter.model import rfc3339
from ci_reporter.surfaces.listing import table

_PASSWORD = "CI_REPORTER_HUB_USER_PASSWORD"  # noqa: S105  a variable's name
_LONGEST_LINE = 2000


@click.group(
    "user",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  ci-reporter hub user add jane --role admin",
)
def command() -> None:
    """Add, list and remove users. A running hub knows them within a second.

    A password is asked for on the terminal, else read from the first line of stdin, or from
    CI_REPORTER_HUB_USER_PASSWORD or the file that CI_REPORTER_HUB_USER_PASSWORD_FILE names.
    """


@command.command("add", epilog="Example:  ci-reporter hub user add jane --role admin")
@click.argument("name", metavar="NAME")
@click.option(
    "--role",
    type=click.Choice(["viewer", "admin"]),
    default="viewer",
    help="viewer reads, admin may do everything. Default: viewer.",
)
@options.repositories
@options.database
@report_errors
def add(name: str, role: str, repositories: tuple[str, ...], database: str) -> None:
    """Add a user. Once there is one, people have to sign in."""
    with extra():
        from ci_reporter.hub.auth import passwords, users
        from ci_reporter.hub.auth.access import Role
    known = users.name_of(name)
    password = _password(known)
    passwords.check(known, password)
    now_ms = round(time.time() * 1000)
    with options.tables(database) as opened:
        users.add(opened, users.User(known, passwords.encode(password), Role(role), repositories or None, now_ms))
    where = ", ".join(repositories) or "all repositories"
    output.say(f"ci-reporter: user {known} is added ({role}, {where})")


@command.command("password", epilog="Example:  ci-reporter hub user password jane")
@click.argument("name", metavar="NAME")
@options.database
@report_errors
def password(name: str, database: str) -> None:
    """Change a password. All sessions of the user end."""
    with extra():
        from ci_reporter.hub.auth import passwords, users
    known = users.name_of(name)
    given = _password(known)
    passwords.check(known, given)
    with options.tables(database) as opened:
        is_changed = users.set_password(opened, known, passwords.encode(given))
    if not is_changed:
        raise CIReporterError(f"there is no user {known!r} (hub user list)")
    output.say(f"ci-reporter: user {known} has another password, and no session any more")


@command.command("list", epilog="Example:  ci-reporter hub user list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@options.database
@report_errors
def list_(as_json: bool, database: str) -> None:
    """Show the users."""
    with extra():
        from ci_reporter.hub.auth import users
    with options.tables(database) as opened:
        found = users.every(opened)
    shown = [
        {
            "name": each.name,
            "role": str(each.role),
            "repositories": None if each.repositories is None else list(each.repositories),
            "created_at": rfc3339(each.created_ms / 1000),
        }
        for each in found
    ]
    if as_json:
        for item in shown:
            output.result(json.dumps(item))
    elif shown:
        output.result(table("users", shown))
    else:
        output.say(f"ci-reporter: {database} has no users (hub user add NAME)")


@command.command("remove", epilog="Example:  ci-reporter hub user remove jane")
@click.argument("name", metavar="NAME")
@options.database
@report_errors
def remove(name: str, database: str) -> None:
    """Remove a user. All sessions of the user end."""
    with extra():
        from ci_reporter.hub.auth import users
    known = users.name_of(name)
    with options.tables(database) as opened:
        is_removed = users.remove(opened, known, round(time.time() * 1000))
    if not is_removed:
        raise CIReporterError(f"there is no user {known!r} (hub user list)")
    output.say(f"ci-reporter: user {known} is removed")


def _password(name: str) -> str:
    """The password, never from the command line, which other users of the machine can see. Raises UsageError."""
    if (given := secrets.read(_PASSWORD, os.environ)) is not None:
        return given
    if sys.stdin and sys.stdin.isatty():
        prompt = f"Password of {name}"
        return str(click.prompt(prompt, hide_input=True, confirmation_prompt="Again", err=True))
    line = sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n") if sys.stdin else ""
    if not line:
        raise UsageError(f"there is no password (write it to stdin, or name its file: {_PASSWORD}_FILE)")
    return line
