"""`ci-reporter hub silence`: for a time, a hub tells nobody of some alerts."""

from __future__ import annotations

import getpass
import json
import sys

import click

from ci_reporter.cli import output
from ci_reporter.cli.hub.get import hub_api
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.errors import UsageError
from ci_reporter.http.hub import HubApi
from ci_reporter.surfaces.listing import objects, table
from ci_reporter.system.deadline import Deadline

_CALL_S = 30.0
_hub = click.option("--hub", "url", metavar="URL", help="The hub.  [CI_REPORTER_HUB]")


@click.group(
    "silence",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  ci-reporter hub silence add repository=acme/shop --for 2h --comment 'moving the database'",
)
def command() -> None:
    """Mute alerts for a time. What is still wrong when a silence ends is sent then.

    A hub that wants to know who asks is told by CI_REPORTER_HUB_TOKEN, which needs the scope `silence`.
    """


@command.command(
    "add", epilog="Example:  ci-reporter hub silence add repository=acme/shop 'branch=~release/.*' --for 2h"
)
@click.argument("matchers", metavar="LABEL=VALUE...", nargs=-1, required=True)
@click.option("--for", "duration", metavar="TIME", help="How long it lasts, such as 30m, 2h or 1d.")
@click.option("--until", "ends_at", metavar="TIME", help="When it ends, such as 2026-01-31T12:00:00Z.")
@click.option("--from", "starts_at", metavar="TIME", help="When it begins. Default: now.")
@click.option("--comment", metavar="TEXT", required=True, help="Why: whoever finds it wants to know.")
@click.option("--author", metavar="NAME", help="Who. Default: the user of this machine.")
@_hub
@report_errors
def add(matchers: tuple[str, ...], url: str | None, author: str | None, comment: str, **times: str | None) -> None:
    """Silence the alerts that match all of the LABELs, and print the silence's id.

    LABEL=VALUE means the alerts with that value, LABEL!=VALUE all others, LABEL=~PATTERN and LABEL!~PATTERN the same by
    a regular expression that matches the whole value. Labels are rule, level, repository, pipeline, job, step, branch,
    environment and change.
    """
    if (times["duration"] is None) == (times["ends_at"] is None):
        raise UsageError("hub silence add: say when it ends, by either --for or --until (write --for 2h)")
    given = {"matchers": list(matchers), "comment": comment, "author": author or _user()}
    given |= {name: text for name, text in times.items() if text is not None}
    made = _api(url).change("POST", ("silences",), Deadline(_CALL_S), given)
    output.say(f"ci-reporter: silenced until {made.get('ends_at')}: {', '.join(made.get('matchers') or matchers)}")
    output.result(str(made.get("silence_id")))


@command.command("list", epilog="Example:  ci-reporter hub silence list --all --json")
@click.option("--all", "every", is_flag=True, help="Those that have ended, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@_hub
@report_errors
def list_(url: str | None, every: bool, as_json: bool) -> None:
    """Show the active and the planned silences."""
    items = objects(_api(url).document(("silences",), {}, Deadline(_CALL_S)), "items")
    shown = [each for each in items if every or each.get("state") != "expired"]
    if as_json:
        for each in shown:
            output.result(json.dumps(each))
    elif shown:
        colour = output.colour(sys.stdout, current_context({}).env)
        rows = [{**each, "matchers": ", ".join(each.get("matchers", ()))} for each in shown]
        output.result(table("silences", rows, colour=colour))
    else:
        output.say("ci-reporter: nothing is silenced")


@command.command("expire", epilog="Example:  ci-reporter hub silence expire 0198c0de-0000-7000-8000-000000000001")
@click.argument("silence_id", metavar="ID")
@_hub
@report_errors
def expire(silence_id: str, url: str | None) -> None:
    """End a silence now. What is still wrong is sent at once."""
    ended = _api(url).change("DELETE", ("silences", silence_id), Deadline(_CALL_S))
    output.say(f"ci-reporter: the silence of {', '.join(ended.get('matchers') or ())} has ended")


def _api(url: str | None) -> HubApi:
    return hub_api(current_context({"hub": url}), "hub silence")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "unknown"
