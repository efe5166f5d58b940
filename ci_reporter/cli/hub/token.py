"""`ci-reporter hub token`: API tokens, for Grafana, Prometheus, scripts and jobs."""

from __future__ import annotations

import json
import time

import click

from ci_reporter.cli import output
from ci_reporter.cli.hub import extra, options
from ci_reporter.cli.reporting import report_errors
from ci_reporter.config import values
from ci_reporter.errors import CIReporterError, UsageError
from ci_reporter.model import rfc3339
from ci_reporter.surfaces.listing import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.hub.auth.tokens import Token

_SCOPES = ("read", "ingest", "silence", "admin")
_USUAL = "365d"


@click.group(
    "token",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  ci-reporter hub token create --name grafana --scope read --repository 'acme/*'",
)
def command() -> None:
    """Create, list and revoke API tokens. A running hub knows them at once."""


@command.command("create", epilog="Example:  ci-reporter hub token create --name grafana --scope read --expires 90d")
@click.option("--name", metavar="NAME", required=True, help="What it is for: `token list` and the hub's log show it.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(_SCOPES),
    multiple=True,
    required=True,
    help="What it may do: read, send reports, silence alerts, or all. Several are possible.",
)
@options.repositories
@click.option(
    "--expires",
    metavar="TIME",
    default=_USUAL,
    help=f"How long it works, such as 90d, or never. Default: {_USUAL}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object, the secret in its field `token`.")
@options.database
@report_errors
def create(
    name: str, scopes: tuple[str, ...], repositories: tuple[str, ...], expires: str, as_json: bool, database: str
) -> None:
    """Create a token and print it. It is shown only now: the hub keeps its hash."""
    with extra():
        from ci_reporter.hub.auth import tokens
        from ci_reporter.hub.auth.access import Scope
    if not name.isprintable() or not 0 < len(name) <= 100:
        raise UsageError("option --name: expected 1 to 100 printable characters")
    now_s = time.time()
    lifetime_s = _lifetime_s(expires)
    expires_ms = None if lifetime_s is None else round((now_s + lifetime_s) * 1000)
    wanted = tokens.Wanted(name, {Scope(each) for each in scopes}, repositories or None, expires_ms)
    with options.tables(database) as opened:
        token, made = tokens.create(opened, wanted, round(now_s * 1000))
    shown = _item(token)
    if as_json:
        output.result(json.dumps({**shown, "token": made}))
        return
    until = shown["expires_at"] or "it is revoked"
    output.say(
        f"ci-reporter: token {name} may {', '.join(token.scopes)} {_where(token)} until {until}; it is shown only here:"
    )
    output.result(made)


@command.command("list", epilog="Example:  ci-reporter hub token list --all")
@click.option("--all", "with_all", is_flag=True, help="Also those that have expired or were revoked.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@options.database
@report_errors
def list_(with_all: bool, as_json: bool, database: str) -> None:
    """Show the tokens, and when each was last used (to the minute)."""
    with extra():
        from ci_reporter.hub.auth import tokens
    with options.tables(database) as opened:
        found = [_item(each) for each in tokens.every(opened)]
    shown = [each for each in found if with_all or each["state"] == "valid"]
    if as_json:
        for each in shown:
            output.result(json.dumps(each))
    elif shown:
        output.result(table("tokens", shown, colour=False))
    else:
        more = f" ({len(found)} that have expired or were revoked: --all)" if found else ""
        output.say(f"ci-reporter: {database} has no tokens{more}")


@command.command("revoke", epilog="Example:  ci-reporter hub token revoke grafana")
@click.argument("which", metavar="NAME|ID", nargs=-1, required=True)
@options.database
@report_errors
def revoke(which: tuple[str, ...], database: str) -> None:
    """Revoke tokens. A running hub refuses them within a second."""
    with extra():
        from ci_reporter.hub.auth import tokens
    with options.tables(database) as opened:
        revoked = {each: tokens.revoke(opened, each, round(time.time() * 1000)) for each in which}
    for name in (name for names in revoked.values() for name in names):
        output.say(f"ci-reporter: token {name} is revoked")
    unknown = [each for each, names in revoked.items() if not names]
    if unknown:
        raise CIReporterError(f"no valid token is named {', '.join(map(repr, unknown))} (hub token list)")


def _lifetime_s(text: str) -> float | None:
    if text == "never":
        return None
    try:
        return values.duration_with_unit_s(text)
    except ValueError as exc:
        raise UsageError(f"option --expires: {values.quote(text)} {exc}") from exc


def _item(token: Token) -> dict[str, Any]:
    """A token as people and programs see it."""
    expired = token.expires_ms is not None and time.time() * 1000 >= token.expires_ms
    return {
        "name": token.name,
        "id": token.token_id,
        "scopes": list(token.scopes),
        "repositories": None if token.repositories is None else list(token.repositories),
        "created_at": _time(token.created_ms),
        "expires_at": _time(token.expires_ms),
        "revoked_at": _time(token.revoked_ms),
        "last_used_at": _time(token.used_ms),
        "state": "revoked" if token.revoked_ms is not None else "expired" if expired else "valid",
    }


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms / 1000)


def _where(token: Token) -> str:
    return "all repositories" if token.repositories is None else ", ".join(token.repositories)
