"""The program. `run` starts the wrapped command before anything heavy is imported; the rest is a lazy click group."""

from __future__ import annotations

import sys

from ci_reporter.cli import started  # noqa: F401  first: it takes the time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import NoReturn

    from click import Command


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
    output, cli = _imports()
    try:
        cli(prog_name="ci-reporter")
    except SystemExit as ended:  # click always exits
        sys.exit(output.end(ended.code if isinstance(ended.code, int) else 1))
    except OSError as exc:  # click's own help on a stdout that is full
        output.note_lost(exc)
        sys.exit(output.end(1))
    raise AssertionError("unreachable: click exits")


def _imports() -> tuple[ModuleType, Command]:
    """What every other command needs. Until click can answer a ^C, it ends us as it does any program: no traceback."""
    from signal import SIG_DFL, SIGINT, default_int_handler, getsignal, signal

    ours = getsignal(SIGINT)
    if ours is default_int_handler:
        signal(SIGINT, SIG_DFL)
    from ci_reporter.cli import output
    from ci_reporter.cli.group import cli

    if ours is default_int_handler:
        signal(SIGINT, ours)
    return output, cli
