"""`ci-reporter collect`: report files that another step made, as a step of their own."""

from __future__ import annotations

import sys
import time

import click

from ci_reporter.cli import STARTED
from ci_reporter.cli.aftermath import Aftermath, prepare
from ci_reporter.cli.options import run_settings, spread
from ci_reporter.cli.place import Place, here
from ci_reporter.cli.recording import report_of
from ci_reporter.cli.reporting import reported
from ci_reporter.cli.run import given, option
from ci_reporter.errors import StateError, UsageError
from ci_reporter.model import Result, Step, rfc3339
from ci_reporter.providers import detect, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OF_A_COMMAND = frozenset({"timeout_s", "grace_s", "retries", "shell", "tail_bytes", "record_command"})
_DEFAULT_NAME = "collect"


@reported
def _collect(**options: Any) -> None:
    place = here(given(options))
    if not (place.config.coverage or place.config.tests):
        raise UsageError("collect: nothing to read (name files with --coverage or --tests)")
    sys.exit(_recorded(place))


def _recorded(place: Place) -> int:
    run = prepare(place, detect(place.env, read_text))
    now = rfc3339(time.time())
    step = Step(
        name=place.config.name or _DEFAULT_NAME,
        result=Result.SUCCESS,
        started_at=now,
        finished_at=now,
        exit_code=0,
        attempts=1,
    )
    report = report_of(place, run, step)
    try:
        running, warnings = place.journal.begin(report), []
    except StateError as exc:
        running, warnings = None, [str(exc)]
    begun = time.monotonic()
    aftermath = Aftermath(
        place=place, running=running, command=(), masks=frozenset(), before_s=begun - STARTED, ended=begun
    )
    return aftermath.conclude(report, warnings)


class _Collect(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread([*args, "--"])[:-1] if "--" not in args else args)


command = _Collect(
    "collect",
    callback=_collect,
    params=[
        option(flag, setting)
        for flag, setting in run_settings().items()
        if flag.startswith("--") and setting.field not in _OF_A_COMMAND
    ],
    context_settings={"max_content_width": 100},
    help="""Record what another step left behind: coverage and test results of files that are there already.

    The record is a step of its own, called `collect` unless --name says otherwise. A file that cannot be read is said
    and fails nothing unless --strict-reports is set.""",
    epilog="Example:  ci-reporter collect --name reports --coverage coverage.xml --tests 'build/**/TEST-*.xml'",
)
