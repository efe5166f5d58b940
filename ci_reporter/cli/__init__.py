"""The program. `run` starts the wrapped command before anything heavy is imported; the rest is a lazy click group."""

from __future__ import annotations

import sys

from ci_reporter.cli import started  # noqa: F401  first: it takes the time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the program with the process's own arguments."""
    if sys.argv[1:2] in (["run"], ["shell"]):
        from ci_reporter.runner.signals import block

        signals = block()  # first: a signal from now on is the command's, or it keeps the command from starting
        from ci_reporter.cli.execute import execute
        from ci_reporter.cli.options import parse

        if parsed := parse(sys.argv[2:]):
            execute(*parsed, signals, is_script=sys.argv[1] == "shell")
        signals.release()
    from ci_reporter.cli import output
    from ci_reporter.cli.group import cli

    try:
        cli(prog_name="ci-reporter")
    except SystemExit as ended:  # click always exits
        sys.exit(output.end(ended.code if isinstance(ended.code, int) else 1))
    except OSError as exc:  # click's own help on a stdout that is full
        output.note_lost(exc)
        sys.exit(output.end(1))
    raise AssertionError("unreachable: click exits")
