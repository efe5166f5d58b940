"""`ci-reporter shell [options] -- SHELL... SCRIPT`: the shell of a CI job's steps, each recorded under its own name."""

from __future__ import annotations

from typing import Any

import click

from ci_reporter.cli.execute import execute
from ci_reporter.cli.run import RunCommand, explicit_options, step_options


def _shell(command: tuple[str, ...], **options: Any) -> None:
    execute(explicit_options(options), list(command), is_script=True)


command = RunCommand(
    "shell",
    callback=_shell,
    params=[
        *step_options(),
        click.Argument(["command"], nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- SHELL... SCRIPT"),
    ],
    context_settings={"allow_interspersed_args": False, "max_content_width": 100},
    short_help="Be the shell of a job's steps, and record each of them.",
    help="""Run a step's script by its shell, and record the step.

    As the shell of a job's steps, each `run:` step is recorded without being touched: under its name in the workflow
    file where the repository is checked out, else under its id, else under its first line. Everything else is as with
    `run`: streams, signals and the exit code are the script's own.

    \b
      defaults:
        run:
          shell: ci-reporter shell -- bash --noprofile --norc -eo pipefail {0}""",
    epilog="Example:  ci-reporter shell -- bash -eo pipefail step.sh",
)
