"""`ci-reporter health`: one look at a service, as a table or JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

import click

from ci_reporter.cli import output
from ci_reporter.cli.reporting import report_errors
from ci_reporter.config import secrets, values
from ci_reporter.errors import UsageError
from ci_reporter.health.reply import same_revision
from ci_reporter.surfaces import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.health.look import Look
    from ci_reporter.http import Access

_WORDS = {"pass": "ok  ", "warn": "warn", "fail": "FAIL"}
_COLOURS = {"pass": "32", "warn": "33", "fail": "31"}
_TOKEN = "CI_REPORTER_HEALTH_TOKEN"  # noqa: S105  a variable's name


@click.command("health", epilog="Example:  ci-reporter health https://shop.example/health --expect-revision c0ffee1")
@click.argument("url", envvar="CI_REPORTER_HEALTH_URL")
@click.option(
    "--expect-revision",
    metavar="SHA",
    envvar="CI_REPORTER_HEALTH_EXPECT_REVISION",
    show_envvar=True,
    help="The commit that must answer, 7 hex digits or more.",
)
@click.option(
    "--revision-at",
    metavar="PLACE",
    envvar="CI_REPORTER_HEALTH_REVISION_AT",
    show_envvar=True,
    help="Where it tells its commit: git.commit.id, header:X-Foo, regex:…  Default: the usual places.",
)
@click.option(
    "--tls-days",
    metavar="DAYS",
    type=click.FloatRange(min=0),
    envvar="CI_REPORTER_HEALTH_TLS_DAYS",
    show_envvar=True,
    help="Warn when the certificate ends within so many days. Default: 14.",
)
@click.option("--ca", metavar="FILE", envvar="CI_REPORTER_HEALTH_CA", show_envvar=True, help="A certificate authority.")
@click.option(
    "--timeout",
    metavar="TIME",
    default="10s",
    envvar="CI_REPORTER_HEALTH_TIMEOUT",
    show_envvar=True,
    help="For all of it. Default: 10s.",
)
@click.option("--json", "as_json", is_flag=True, help="What was seen as one JSON object.")
@report_errors
def command(url: str, ca: str | None, timeout: str, as_json: bool, **given: Any) -> None:
    """Look once at a service: port, TLS, status, revision, checks.

    Exit codes: 0 all is well, also with warnings; 1 something fails; 2 an option is wrong. A bearer token comes from
    CI_REPORTER_HEALTH_TOKEN or CI_REPORTER_HEALTH_TOKEN_FILE, or user and password are in the address.
    """
    from ci_reporter.health.look import TLS_DAYS, Wanted, look

    days = given["tls_days"]
    wanted = Wanted(
        revision=_commit(given["expect_revision"]),
        revision_at=given["revision_at"],
        tls_days=TLS_DAYS if days is None else days,
    )
    seen = look(_page_url(url), wanted, access=_access(url, ca, os.environ), timeout_s=_seconds(timeout))
    colour = output.colour(sys.stdout, os.environ)
    output.result(json.dumps(_as_json(seen)) if as_json else _table(seen, colour=colour))
    sys.exit(0 if seen.ok else 1)


def _page_url(url: str) -> str:
    try:
        return values.page_url(url)
    except ValueError as exc:
        raise UsageError(f"health: {values.quote(url)} {exc}") from exc


def _commit(text: str | None) -> str | None:
    if text and same_revision(text, text) is None:
        raise UsageError(f"option --expect-revision: {text!r} is not a commit (write 7 hex digits of it or more)")
    return text or None


def _seconds(text: str) -> float:
    try:
        return values.duration_s(text)
    except ValueError as exc:
        raise UsageError(f"option --timeout: {values.quote(text)} {exc}") from exc


def _access(url: str, ca: str | None, env: Mapping[str, str]) -> Access:
    """How to be let in. Raises UsageError."""
    from urllib.parse import unquote, urlsplit

    from ci_reporter.http import Access

    if ca and not os.path.exists(ca):
        raise UsageError(f"option --ca: there is no {ca}")
    parts = urlsplit(url)
    return Access(
        username=unquote(parts.username or "") or None,
        password=unquote(parts.password or "") or None,
        token=secrets.read(_TOKEN, env),
        ca=ca or None,
    )


def _table(seen: Look, *, colour: bool) -> str:
    version = f"  version {terminal.plain(seen.version)}" if seen.version else ""
    rows = [(each.status, terminal.plain(each.name), terminal.plain(each.said, 400)) for each in seen.findings]
    most = max(terminal.width(name) for _, name, _ in rows)
    lines = [f"{terminal.plain(seen.url, 200)}{version}"]
    for status, name, said in rows:
        word = f"\x1b[{_COLOURS[status]}m{_WORDS[status]}\x1b[0m" if colour else _WORDS[status]
        lines.append(f"{word}  {name}{' ' * (most - terminal.width(name))}  {said}")
    return "\n".join(lines)


def _as_json(seen: Look) -> dict[str, Any]:
    """Unknown is left out."""
    told = {"status": seen.status, "http_status": seen.http_status, "version": seen.version, "revision": seen.revision}
    findings = [{"name": each.name, "status": each.status, "said": each.said} for each in seen.findings]
    known = {key: value for key, value in told.items() if value is not None}
    return {"url": seen.url, "ok": seen.ok, **known, "findings": findings}
