"""`ci-reporter gc`: a Pushgateway forgets nothing by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.config import values
from ci_reporter.errors import DeliveryError, UsageError
from ci_reporter.metrics import JOB
from ci_reporter.sinks.gateway import Gateway, Group
from ci_reporter.system.deadline import Deadline

_CALL_S = 30.0


@click.command("gc", epilog="Example:  ci-reporter gc --older-than 30d --dry-run")
@click.option("--older-than", required=True, metavar="TIME", help="Delete groups not pushed for this long: 30d, 12h.")
@click.option("--pushgateway", "url", metavar="URL", help="The Pushgateway.  [CI_REPORTER_PUSHGATEWAY]")
@click.option("--dry-run", is_flag=True, help="List what would be deleted, delete nothing.")
@report_errors
def command(older_than: str, url: str | None, dry_run: bool) -> None:
    """Delete groups that ci-reporter pushed and that nobody has pushed for a while.

    Only groups with job="ci_reporter" are deleted. Each is read again right before, so that a group that was pushed in
    the meantime stays.
    """
    context = current_context({"pushgateway": url})
    if "pushgateway" not in context.config.sinks:
        raise UsageError("gc: no Pushgateway is set (option --pushgateway or CI_REPORTER_PUSHGATEWAY)")
    gateway = context.config.sinks["pushgateway"].gateway()
    before = time.time() - _age_s(older_than)
    stale = list(_stale(gateway, before))
    deleted = 0
    for group in stale:
        gone = not dry_run and _delete(gateway, group, before)
        deleted += gone
        verb = "would delete" if dry_run else "deleted" if gone else "kept, pushed just now:"
        output.result(f"{verb} {{{group}}} last pushed {_when(group)}")
    output.say(f"ci-reporter: {len(stale)} stale groups, {deleted} deleted")


def _age_s(text: str) -> float:
    try:
        return values.duration_with_unit_s(text)
    except ValueError as exc:
        raise UsageError(f"option --older-than: {values.quote(text)} {exc}") from exc


def _stale(gateway: Gateway, before: float) -> Iterator[Group]:
    for group in gateway.groups(Deadline(_CALL_S)):
        if group.labels.get("job") == JOB and max(group.pushed_at, group.failed_at) < before:
            yield group


def _delete(gateway: Gateway, group: Group, before: float) -> bool:
    """Read the group again; delete it if it is still old. Raises DeliveryError."""
    if not any(each.labels == group.labels for each in _stale(gateway, before)):
        return False
    try:
        gateway.delete(group.labels, Deadline(_CALL_S))
    except DeliveryError as exc:
        raise DeliveryError(f"cannot delete {{{group}}}: {exc}") from exc
    return True


def _when(group: Group) -> str:
    if not group.pushed_at:
        return "never (a push failed)"
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(group.pushed_at))
