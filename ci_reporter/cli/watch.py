"""`ci-reporter watch`: look at CI systems, live in a terminal, as JSON lines, or to a Pushgateway; no server."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import sys

import click

from ci_reporter.cli import output
from ci_reporter.cli.hub import extra, options
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.errors import DeliveryError, UsageError
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ci_reporter.cli.board import Display
    from ci_reporter.hub.poll.watch import Board
    from ci_reporter.hub.settings.poll import Poll
    from ci_reporter.sinks.gateway import Gateway

_DRAW_S = 0.5
_PUSH_S = 15.0
_PROVIDERS = ("github", "gitlab", "jenkins", "gitea", "forgejo")


@click.command("watch", epilog="Example:  GITHUB_TOKEN=… ci-reporter watch 'acme/*' --interval 30s")
@click.argument("repositories", metavar="[REPOSITORY]...", nargs=-1)
@options.config
@click.option("--provider", type=click.Choice(_PROVIDERS), default="github", help="The CI system. Default: github.")
@click.option("--url", metavar="URL", help="Its address. Default: github.com or gitlab.com.")
@click.option("--token-env", metavar="NAME", help="The variable with the token. Default: GITHUB_TOKEN, GITLAB_TOKEN …")
@click.option("--username", metavar="NAME", help="Jenkins: the user that the token belongs to.")
@click.option("--branch", "branches", metavar="PATTERN", multiple=True, help="Only these branches. Default: all.")
@click.option("--interval", metavar="TIME", default="60s", help="How often to look; 10s is the least. Default: 60s.")
@click.option("--history", metavar="TIME", default="1d", help="How far back the first look goes. Default: 1d.")
@click.option("--once", is_flag=True, help="Look once, print, and end.")
@click.option("--json", "as_json", is_flag=True, help="A run a line as JSON, each time one changes.")
@click.option("--pushgateway", metavar="URL", help="Push the last run of each pipeline to this Pushgateway.")
@report_errors
def command(**given: Any) -> None:
    """Show the runs of REPOSITORIES (`acme/shop`, `acme/*`) as they change, straight from the CI system, without a hub.

    Without a terminal it prints a line each time a run changes. ^C ends it. With --once the exit code is 1 when
    a repository could not be read.
    """
    with extra():
        from ci_reporter.hub.poll import watch
    poll = _poll(given)
    logging.getLogger("ci_reporter.hub").addHandler(logging.NullHandler())  # the display says it
    once, as_json, pushgateway = given["once"], given["as_json"], given["pushgateway"]
    gateway = (
        current_context({"pushgateway": pushgateway}).config.sinks["pushgateway"].gateway() if pushgateway else None
    )

    async def run() -> bool:
        from ci_reporter.cli.board import Display

        display = Display(os.environ, as_json=as_json, once=once)
        async with watch.watching(poll, dict(os.environ)) as board:
            if once:
                await watch.complete(board)
                display.show(board)
                _push(gateway, board)
                return display.say_problems(board)
            await _follow(board, display, gateway)
        return True

    try:
        well = asyncio.run(run())
    except KeyboardInterrupt:
        well = True
    except UsageError as exc:
        raise _in_words_of_options(exc) from None
    sys.exit(0 if well else 1)


async def _follow(board: Board, display: Display, gateway: Gateway | None) -> None:
    """Show what changes, until ^C or the end of who reads it; a Pushgateway that does not answer is asked again."""
    rounds = 0
    while gateway or not output.has_no_reader():
        display.show(board)
        if gateway and rounds % round(_PUSH_S / _DRAW_S) == 1:
            try:
                await asyncio.to_thread(_push, gateway, board)
            except DeliveryError as exc:
                output.warn(str(exc), os.environ)
        rounds += 1
        await asyncio.sleep(_DRAW_S)


def _push(gateway: Gateway | None, board: Board) -> None:
    """Raises DeliveryError."""
    from ci_reporter.hub.poll.push import text_of

    if gateway:
        gateway.push({"job": "ci_reporter_watch"}, text_of(board.series()), Deadline(5.0))


def _poll(given: Mapping[str, Any]) -> Poll:
    """What to look at: of the configuration file, or of the options. Raises UsageError."""
    from ci_reporter.config import yaml
    from ci_reporter.hub.settings.hubfile import load
    from ci_reporter.hub.settings.poll import poll_of

    if given["config"] and not given["repositories"]:
        found = load(given["config"]).poll
        if not found.sources:
            raise UsageError(f"{given['config']}: there is nothing to poll in it (write poll: with targets:)")
        return found
    if not given["repositories"]:
        raise UsageError("watch: name a repository, such as acme/shop or 'acme/*', or a file: --config hub.yml")
    try:
        return poll_of(yaml.parse(json.dumps(_section(given)).encode(), "options"))
    except UsageError as exc:
        raise _in_words_of_options(exc) from None


def _section(given: Mapping[str, Any]) -> dict[str, Any]:
    """The section `poll:` that says the same as the options."""
    target = {name: given[name] for name in ("provider", "url", "username", "interval") if given[name]}
    target |= {"repositories": list(given["repositories"])}
    if given["branches"]:
        target["branches"] = list(given["branches"])
    if variable := given["token_env"] or _usual_variable(given["provider"]):
        target["token_env"] = variable
    return {"history": given["history"], "targets": [target]}


def _usual_variable(provider: str) -> str | None:
    """Where people keep a token of this CI system."""
    names = (f"CI_REPORTER_{provider.upper()}_TOKEN", f"{provider.upper()}_TOKEN")
    return next((name for name in names if os.environ.get(name) or os.environ.get(f"{name}_FILE")), None)


def _in_words_of_options(exc: UsageError) -> UsageError:
    """The same mistake, named by the option that it is in and not by the key of a file."""
    return UsageError(re.sub(r"^options line 1: (\w+):", _option, str(exc)))


def _option(match: re.Match[str]) -> str:
    known = {"repositories": "argument REPOSITORY:", "branches": "option --branch:", "token_env": "option --token-env:"}
    return known.get(match[1], f"option --{match[1]}:")
