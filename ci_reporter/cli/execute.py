"""`ci-reporter run -- CMD`: record the step and exit with its code. Nothing heavy is imported before it starts."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from ci_reporter.cli.process import current_context
from ci_reporter.cli.started import STARTED
from ci_reporter.context import Context, current_run
from ci_reporter.errors import CIReporterError
from ci_reporter.runner.signals import block
from ci_reporter.runner.spawn import refusal, restore_signals
from ci_reporter.step.command import CommandRun, CommandStep, run_command, start_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ci_reporter.model import Step
    from ci_reporter.runner.signals import Signals


def execute(
    options: Mapping[str, Any], argv: Sequence[str], signals: Signals | None = None, *, is_script: bool = False
) -> NoReturn:
    """Record the command as a step and end the program, whatever still hangs in a thread.

    `is_script`: the command's last argument is the script of a CI system's step, which gives the step its name.

    Should we fail before the command has started, it runs all the same, as if we were not there. Signals are never
    released again: one that comes between the command's end and ours would end us with another code than the command's.
    """
    signals = signals or block()
    try:
        context = current_context(options)
        script = _script(argv[-1]) if is_script else None
        command = start_command(context, argv, current_run(context), _load, script)
    except CIReporterError as exc:
        print(f"ci-reporter: {exc}", file=sys.stderr)  # noqa: T201
        _end(exc.exit_code)
    except Exception as exc:  # noqa: BLE001  a plug-in may raise anything
        _report_bug(exc)
        _become(argv, signals)
    code, _ = _record(context, command, signals, _end)
    _end(code)


def _script(path: str) -> str | None:
    """The text of a step's script; None where it cannot be read, which the command will say better."""
    from ci_reporter.providers import read_text

    if not os.path.isfile(path):  # to open a named pipe and close it again ends who writes the script into it
        return None
    try:
        return read_text(path)
    except OSError:
        return None


def record_command(options: Mapping[str, Any], argv: Sequence[str]) -> tuple[int, Step]:
    """Record a command as a step of this run; the exit code to end with, and the step. Raises UsageError."""
    context = current_context(options)
    command = start_command(context, argv, current_run(context), _load)
    with block() as signals:
        return _record(context, command, signals)


def _record(
    context: Context, command: CommandStep, signals: Signals, end: Callable[[int], object] | None = None
) -> tuple[int, Step]:
    """Run the command and conclude the step; should that hang, a signal to stop makes `end` end the program."""
    end_section = _begin_section(context, command)
    done = run_command(command, signals)
    end_section()
    step = done.report.step
    code = step.exit_code or 0
    try:
        from ci_reporter.runner.interrupt import end_when_stuck

        if end:
            end_when_stuck(signals, lambda: end(code))
        return _conclude(context, command, done, signals), step
    except Exception as exc:  # noqa: BLE001  whatever is wrong with us, the command's own code wins
        _report_bug(exc)
        return code, step


def _begin_section(context: Context, command: CommandStep) -> Callable[[], None]:
    """Begin a section of GitLab's log, where there is one; what ends it."""
    config, report = context.config, command.started.report
    if report.run.provider != "gitlab" or config.quiet or config.ci_summary == "none":
        return lambda: None
    from ci_reporter.surfaces import section

    name = f"ci_reporter_{report.report_id}"
    _write(section.begin(name, report.step.name, time.time()))
    return lambda: _write(section.end(name, time.time()))


def _write(line: str) -> None:
    """Write a line to stderr; whoever has closed it does not miss it."""
    try:
        print(line, file=sys.stderr, flush=True)  # noqa: T201
    except (OSError, ValueError, UnicodeError):
        pass


def _load() -> None:
    """Import, while the command runs, what is imported where it is needed below."""
    from ci_reporter.cli.conclusion import show  # noqa: F401
    from ci_reporter.runner import interrupt  # noqa: F401
    from ci_reporter.step import conclude  # noqa: F401


def _conclude(context: Context, command: CommandStep, done: CommandRun, signals: Signals) -> int:
    from ci_reporter.cli.conclusion import show
    from ci_reporter.step.conclude import conclude

    conclusion = conclude(context, command, done, signals, before_s=done.started - STARTED)
    show(conclusion, context, as_json=context.config.json)
    return conclusion.exit_code


def _report_bug(error: Exception) -> None:
    """Say that ci-reporter itself, or a plug-in, has failed."""
    said = f"ci-reporter: this is a bug in ci-reporter or a plug-in, please report it: {type(error).__name__}: {error}"
    if sys.stderr is not None:
        print(said, file=sys.stderr)  # noqa: T201


def _become(argv: Sequence[str], signals: Signals) -> NoReturn:
    """Run the command in our place, without a record, with the signals as they were before us."""
    restore_signals(signals)
    try:
        os.execvp(argv[0], list(argv))  # noqa: S606
    except (OSError, ValueError) as exc:
        code, reason = refusal(argv[0], exc, os.environ)
        print(f"ci-reporter: {reason}", file=sys.stderr)  # noqa: T201
        _end(code)


def _end(code: int) -> NoReturn:
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed before we started
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(code)
