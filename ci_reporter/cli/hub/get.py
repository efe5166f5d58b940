"""`ci-reporter hub get`: what a hub knows, from its JSON API."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.config import values
from ci_reporter.context import Context
from ci_reporter.errors import DeliveryError, UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.http.hub import HubApi
from ci_reporter.model import rfc3339
from ci_reporter.surfaces.listing import objects, table
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.text import one_line

_CALL_S = 30.0
_LISTS = ("runs", "steps", "series", "pipelines", "gates", "deployments", "coverage")
_FIGURES = ("tests", "trends", "compare", "dora")
_HAS = {"runs": "steps", "steps": "report_id", "dora": "window"}  # by which a hub's document is known; else `items`
_HELP = {
    "repository": ("REPOSITORY", "Only of this repository."),
    "pipeline": ("NAME", "Only of this pipeline."),
    "ci_job": ("NAME", "Only of this job."),
    "step": ("NAME", "Only of this step."),
    "branch": ("NAME", "Only of this branch."),
    "result": ("RESULT", "Only with this result."),
    "status": ("STATUS", "Of runs: only what stands there now, such as running or queued."),
    "environment": ("NAME", "Only of deploys to this environment."),
    "ci_run_id": ("CI_RUN_ID", "Only of this run."),
    "order": ("WORD", "Of tests: failed, flaky or slowest first."),
    "bucket": ("WORD", "Of trends: hour, day or week."),
    "base": ("CI_RUN_ID", "Of compare: the run to compare with."),
    "head": ("CI_RUN_ID", "Of compare: the run that is looked at."),
}
_OPTIONS = {"ci_job": "--job", "ci_run_id": "--run"}
_DAYS = "a time such as 2026-01-31T12:00:00Z, or how long ago: 7d, 12h"


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each parameter of the API; the hub says which of them a kind of thing has."""
    for name, (metavar, words) in reversed(_HELP.items()):
        command = click.option(_OPTIONS.get(name, f"--{name}"), name, metavar=metavar, help=words)(command)
    return command


@click.command("get", epilog="Example:  ci-reporter hub get runs --branch main --since 7d --json")
@click.argument("what", metavar="WHAT", type=click.Choice([*_LISTS, *_FIGURES]))
@click.argument("name", metavar="[NAME]", required=False)
@_filters
@click.option("--since", metavar="TIME", help=f"Only what ended since then: {_DAYS}.")
@click.option("--until", metavar="TIME", help="Only what ended before then.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=30, help="At most so many items. Default: 30.")
@click.option("--hub", "url", metavar="URL", help="The hub.  [CI_REPORTER_HUB]")
@click.option("--json", "as_json", is_flag=True, help="What the hub answers: a list's items one a line.")
@report_errors
def command(
    what: str,
    name: str | None,
    limit: int,
    url: str | None,
    as_json: bool,
    **filters: str | None,
) -> None:
    """Show what a hub knows: runs, steps, series, pipelines, gates, deployments, coverage, tests, trends, dora.

    `get runs ID` shows the steps of that run, `get steps ID` one report, `get tests NAME` the history of a test, and
    `get compare --base ID --head ID` what is different in a run. A hub that wants to know who asks is told by
    CI_REPORTER_HUB_TOKEN, or by CI_REPORTER_HUB_USERNAME and CI_REPORTER_HUB_PASSWORD.

    LAST 10 are results, oldest first: + success, x failure, ! error, t timeout, c cancellation, . skip, > not over.
    """
    context = current_context({"hub": url})
    params = {key: value for key, value in filters.items() if value is not None and key not in ("since", "until")}
    params |= {key: _moment(key, value) for key in ("since", "until") if (value := filters[key])}
    asked = _Asked(hub=hub_api(context, "hub get"), what=what, name=name, params=params, limit=limit)
    if as_json:
        _print_json(asked)
    else:
        _print_table(asked, colour=output.colour(sys.stdout, context.env))


class _Asked(Frozen):
    """What is asked of which hub."""

    hub: HubApi
    what: str
    name: str | None
    params: Mapping[str, str]
    limit: int

    @property
    def is_list(self) -> bool:
        """Whether there may be further pages."""
        return (self.what in _LISTS and self.name is None) or (self.what == "tests" and self.name is not None)

    def items(self) -> Iterator[dict[str, Any]]:
        """The items of a list. Raises DeliveryError, UsageError, CIReporterError."""
        named = {"name": self.name} if self.what == "tests" and self.name else {}
        return self.hub.items(self._path(), {**self.params, **named}, self.limit, Deadline(_CALL_S))

    def document(self) -> dict[str, Any]:
        """What is not a list. Raises DeliveryError, UsageError, CIReporterError."""
        limited = {"per_page": str(min(self.limit, 100))} if self.what == "tests" else {}
        found = self.hub.document(self._path(), {**self.params, **limited}, Deadline(_CALL_S))
        if (key := _HAS.get(self.what, "items")) not in found:
            raise DeliveryError(f"{self.hub.url} is not a hub: its answer has no {key} (is the address right?)")
        return found

    def _path(self) -> tuple[str, ...]:
        if self.name is None:
            return (self.what,)
        if self.what in ("runs", "steps"):
            return (self.what, self.name)
        if self.what == "tests":
            return (self.what, "history")
        raise UsageError(f"hub get: {self.what} are not asked for by name (known: runs ID, steps ID, tests NAME)")


def hub_api(context: Context, command: str) -> HubApi:
    """The hub that the settings name. Raises UsageError."""
    if "hub" not in context.config.sinks:
        raise UsageError(f"{command}: no hub is set (option --hub or CI_REPORTER_HUB, such as http://127.0.0.1:8750)")
    settings = context.config.sinks["hub"]
    return HubApi(url=settings.address().removesuffix("/ci-report"), access=settings.access())


def _print_json(asked: _Asked) -> None:
    if asked.is_list:
        for item in asked.items():
            output.result(json.dumps(item))
    else:
        output.result(json.dumps(asked.document()))


def _print_table(asked: _Asked, *, colour: bool) -> None:
    if asked.is_list:
        _show("history" if asked.what == "tests" else asked.what, list(asked.items()), colour=colour)
        return
    found = asked.document()
    match asked.what:
        case "runs":
            _show("steps", objects(found, "steps"), colour=colour)
        case "steps":
            known = {key: value for key, value in found.items() if value not in (None, {}, [])}
            output.result("\n".join(f"{key:16}  {_value(value)}" for key, value in known.items()))
        case "dora":
            figures = [
                {"figure": key, **each} for key, each in found.items() if key != "window" and isinstance(each, dict)
            ]
            _show("dora", figures, colour=colour)
        case _:
            _show(asked.what, objects(found, "items"), colour=colour)
    _say_window(found)


def _show(kind: str, items: Sequence[Mapping[str, Any]], *, colour: bool) -> None:
    if items:
        output.result(table(kind, items, colour=colour))
    else:
        output.say("ci-reporter: the hub has nothing that fits")


def _say_window(found: Mapping[str, Any]) -> None:
    window = found.get("window")
    if isinstance(window, Mapping):
        part = "" if window.get("complete") else " (there is more in the window than one answer takes)"
        output.say(f"ci-reporter: from {_value(window.get('since'))} until {_value(window.get('until'))}{part}")


def _moment(key: str, text: str) -> str:
    """A time as the API wants it. Raises UsageError for what is neither a time nor a duration."""
    if "T" in text.upper() and "-" in text:
        return text
    try:
        return rfc3339(time.time() - values.duration_with_unit_s(text))
    except ValueError:
        raise UsageError(f"option --{key}: {values.quote(text)} is not {_DAYS}") from None


def _value(value: object) -> str:
    return one_line(value if isinstance(value, str) else json.dumps(value), 2000)
