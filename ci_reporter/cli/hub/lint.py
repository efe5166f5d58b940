"""`ci-reporter hub lint`: check the hub's configuration file, and what it would do."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict

import click

from ci_reporter.cli import output
from ci_reporter.cli.hub import extra
from ci_reporter.cli.reporting import report_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_reporter.hub.alerts.ruling import Ruling
    from ci_reporter.hub.poll.lint import Finding
    from ci_reporter.hub.settings.hubfile import Settings

_MARKS = {"ok": "ok  ", "warning": "warn", "failure": "FAIL"}


@click.command("lint", epilog="Example:  ci-reporter hub lint hub.yml")
@click.argument("file", metavar="FILE", envvar="CI_REPORTER_HUB_CONFIG")
@click.option("--offline", is_flag=True, help="Check the file alone; ask no CI system.")
@click.option("--json", "as_json", is_flag=True, help="One finding a line, as JSON.")
@report_errors
def command(file: str, offline: bool, as_json: bool) -> None:
    """Check the hub's configuration FILE: its keys, whether each CI system answers, what its token may do.

    It prints what will be polled and what that costs an hour. Exit code 2 for a mistake in the file, 1 when a CI system
    does not answer or refuses the token.
    """
    with extra():
        from ci_reporter.hub.settings.hubfile import load
    settings = load(file)
    decided = _ruling(settings)
    if not as_json:
        output.result("\n".join([_head(settings), *(_alerts(settings, decided) if decided else ())]))
    failed = False if offline else asyncio.run(_ask(settings, as_json=as_json))
    sys.exit(1 if failed else 0)


async def _ask(settings: Settings, *, as_json: bool) -> bool:
    """Print each finding as it comes; whether one is a failure."""
    from ci_reporter.hub.poll.lint import Level, findings

    failed = False
    async for finding in findings(settings.poll, os.environ):
        failed = failed or finding.level is Level.FAILURE
        output.result(json.dumps(asdict(finding)) if as_json else _line(finding, settings.path))
    return failed


def _ruling(settings: Settings) -> Ruling | None:
    """Read the sections that are not the poller's, as the hub does at its start. Raises UsageError."""
    from ci_reporter.hub.alerts.ruling import ruling

    return ruling(settings, os.environ)


def _alerts(settings: Settings, decided: Ruling) -> Iterator[str]:
    """A line for each rule and each watch, and for each that tells nobody."""
    from ci_reporter.notify.policies.lint import sentence

    of_watches = {policy.name for watch in decided.watches for policy in watch.policies}
    for policy in decided.rules.policies:
        if policy.name not in of_watches:
            yield f"ok    {settings.path} {sentence(policy)}"
    for watch in decided.watches:
        back = f"; rolls back by {watch.rollback.way} {watch.rollback.shown}" if watch.rollback else ""
        looks = watch.url or "counts of Prometheus"
        yield f"ok    {settings.path}: {watch.name}: {looks} after each deploy to {watch.environment}{back}"
    yield from (f"warn  {settings.path}: {doubt}" for doubt in decided.doubts)


def _line(finding: Finding, path: str) -> str:
    return f"{_MARKS[finding.level]}  {path} line {finding.line}: {finding.text}"


def _head(settings: Settings) -> str:
    count = len(settings.poll.sources)
    targets = "nothing" if not count else "1 target" if count == 1 else f"{count} targets"
    return f"ok    {settings.path}: {targets} to poll"
