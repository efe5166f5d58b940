"""`ci-reporter collect`: report files that another step made, as a step of their own."""

from __future__ import annotations

import sys
import time

import click

from ci_reporter.cli.conclusion import show
from ci_reporter.cli.options import spread
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.cli.run import RUN_SETTINGS, explicit_options, option
from ci_reporter.cli.started import STARTED
from ci_reporter.context import current_run
from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OF_A_COMMAND = frozenset({"timeout_s", "grace_s", "retries", "shell", "tail_bytes", "record_command"})


@report_errors
def _collect(**options: Any) -> None:
    from ci_reporter.step.collect import collect

    context = current_context(explicit_options(options))
    if not (context.config.coverage or context.config.tests):
        raise UsageError("collect: nothing to read (name files with --coverage or --tests)")
    conclusion = collect(context, current_run(context), before_s=time.monotonic() - STARTED)
    show(conclusion, context, as_json=context.config.json)
    sys.exit(conclusion.exit_code)


class _Collect(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread([*args, "--"], RUN_SETTINGS)[:-1] if "--" not in args else args)


command = _Collect(
    "collect",
    callback=_collect,
    params=[
        option(flag, setting)
        for flag, setting in RUN_SETTINGS.items()
        if flag.startswith("--") and setting.field not in _OF_A_COMMAND
    ],
    context_settings={"max_content_width": 100},
    help="""Record what another step left behind: coverage and test results of files that are there already.

    The record is a step of its own, called `collect` unless --name says otherwise. A file that cannot be read
    is a warning; with --strict-reports it fails the step.""",
    epilog="Example:  ci-reporter collect --name reports --coverage coverage.xml --tests 'build/**/TEST-*.xml'",
)
