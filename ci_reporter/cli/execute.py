"""`ci-reporter run -- CMD`: record the step and exit with its code. Nothing heavy is imported before it starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from ci_reporter.cli.process import current_context
from ci_reporter.cli.started import STARTED
from ci_reporter.context import Context
from ci_reporter.errors import CIReporterError
from ci_reporter.providers import detect, read_text
from ci_reporter.runner.signals import held
from ci_reporter.step.command import CommandRun, CommandStep, run_command, start_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ci_reporter.runner.signals import Held, HeldByHandlers


def execute(options: Mapping[str, Any], argv: Sequence[str]) -> NoReturn:
    """Record the command as a step and end the program, whatever still hangs in a thread.

    Should we fail before the command has started, it runs all the same, as if we were not there.
    """
    try:
        context = current_context(options)
        command = start_command(context, argv, detect(context.env, read_text))
    except CIReporterError as exc:
        print(f"ci-reporter: {exc}", file=sys.stderr)  # noqa: T201
        _end(exc.exit_code)
    except Exception as exc:  # noqa: BLE001  a plug-in may raise anything
        _confess(exc)
        _become(argv)
    with held() as signals:
        code = _record(context, command, signals)
    _end(code)


def record_command(options: Mapping[str, Any], argv: Sequence[str]) -> int:
    """Record a command as a step of this run; its exit code. Raises UsageError."""
    context = current_context(options)
    command = start_command(context, argv, detect(context.env, read_text))
    with held() as signals:
        return _record(context, command, signals)


def _record(context: Context, command: CommandStep, signals: Held | HeldByHandlers) -> int:
    done = run_command(command, signals)
    try:
        return _conclude(context, command, done)
    except Exception as exc:  # noqa: BLE001  whatever is wrong with us, the command's own code wins
        _confess(exc)
        return done.report.step.exit_code or 0


def _conclude(context: Context, command: CommandStep, done: CommandRun) -> int:
    from ci_reporter.cli.conclusion import show
    from ci_reporter.step.conclude import conclude  # loaded by now, while the command ran

    conclusion = conclude(context, command, done, before_s=done.started - STARTED)
    show(conclusion, context, as_json=context.config.json)
    return conclusion.exit_code


def _confess(error: Exception) -> None:
    """Say that something is wrong with us."""
    said = f"ci-reporter: a mistake of ours or of a plug-in, please report it: {type(error).__name__}: {error}"
    if sys.stderr is not None:
        print(said, file=sys.stderr)  # noqa: T201


def _become(argv: Sequence[str]) -> NoReturn:
    """Run the command in our place, without a record."""
    try:
        os.execvp(argv[0], list(argv))  # noqa: S606
    except OSError as exc:
        print(f"ci-reporter: cannot run {argv[0]}: {exc.strerror}", file=sys.stderr)  # noqa: T201
        _end(127 if isinstance(exc, FileNotFoundError) else 126)


def _end(code: int) -> NoReturn:
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed before we started
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(code)
