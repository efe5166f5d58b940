"""`ci-reporter alerts try`: what the rules would have said of kept records, to whom and when. Nothing is sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.alerts.lint import rules_of
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.context import Context
from ci_reporter.journal.records import read_records
from ci_reporter.model import rfc3339
from ci_reporter.notify.alert import to_json
from ci_reporter.notify.channels import language
from ci_reporter.notify.content import content
from ci_reporter.notify.policies.replay import Line, replay
from ci_reporter.surfaces.terminal import plain

_MOST_LINES = 5
_ALL = "all channels"  # where none is set up


@click.command(
    "try",
    short_help="Hold the rules against kept records: what would have been said, to whom, when.",
    epilog="Example:  ci-reporter alerts try --report .ci-reporter/steps.ndjson",
)
@click.option("--report", "path", metavar="FILE", help="Records, one JSON object a line. Default: the state folder's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each message.")
@report_errors
def command(path: str | None, as_json: bool) -> None:
    """Show what the rules under `alerts:` would have said of kept records, without sending anything.

    The records are taken in the order in which they stand in the file, as if every channel had taken every message.
    What runs beside a step (`stuck`) is not in the records.
    """
    context = current_context()
    rules = rules_of(context)
    config = context.config
    skipped: list[int] = []
    records = list(read_records(context.path(path), skipped) if path else context.journal.reports())
    for problem in _skipped(path, skipped) if path else context.journal.foreign_files_warning():
        output.warn(problem, context.env)
    channels = config.notify_to or tuple(config.notifiers) or (_ALL,)
    lines = list(replay(rules, records, channels, language(context)))
    said = [each for each in lines if each.alert]
    for each in said:
        output.result(json.dumps(_flat(each), ensure_ascii=False) if as_json else _text(each, context))
    for why in _undecided(lines):
        output.say(f"ci-reporter: {why}")
    output.say(f"ci-reporter: {_count(len(records), 'record')}, {_count(len(said), 'message')}; nothing was sent")


def _skipped(path: str, numbers: Sequence[int]) -> Iterator[str]:
    """Which lines of the file are not records."""
    if numbers:
        shown = ", ".join(map(str, numbers[:_MOST_LINES]))
        more = f" and {len(numbers) - _MOST_LINES} more" if len(numbers) > _MOST_LINES else ""
        lines, are = ("line", "is not a record") if len(numbers) == 1 else ("lines", "are not records")
        yield f"{path}: {lines} {shown}{more} {are}; skipped"


def _text(line: Line, context: Context) -> str:
    assert line.alert is not None  # noqa: S101
    shown = content(line.alert, language(context))
    more = f": {plain(shown.text.splitlines()[0], 100)}" if shown.text else ""
    return f"{rfc3339(line.at_s)}  {', '.join(line.channels)}  {plain(shown.headline, 100)}{more}"


def _flat(line: Line) -> dict[str, object]:
    assert line.alert is not None  # noqa: S101
    about = {"rule": line.policy.name, "kind": line.kind, "channels": list(line.channels)}
    alert = {name: value for name, value in to_json(line.alert).items() if name != "alert_id"}
    return {"at": rfc3339(line.at_s), **about, "report_id": line.report.report_id, "alert": alert}


def _undecided(lines: Sequence[Line]) -> Iterator[str]:
    counts = Counter((each.policy.name, why) for each in lines for why in each.unknown)
    for (name, why), count in counts.items():
        yield f"rule {name!r} decided nothing of {_count(count, 'record')}: {why}"


def _count(amount: int, noun: str) -> str:
    return f"{amount} {noun}{'' if amount == 1 else 's'}"
