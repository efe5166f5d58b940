"""`ci-reporter run -- CMD`: record the step, exit with the command's code."""

from __future__ import annotations

import os
import sys

from ci_reporter.cli.place import here
from ci_reporter.errors import CIReporterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def execute(options: dict[str, Any], command: list[str]) -> NoReturn:
    """Record the command as a step and end the program, whatever still hangs in a thread.

    Should we fail before the command has started, it runs all the same, as if we were not there.
    """
    from ci_reporter.cli.recording import Recording, confess

    try:
        recording = Recording(here(options), command)
    except CIReporterError as exc:
        print(f"ci-reporter: {exc}", file=sys.stderr)  # noqa: T201
        _end(exc.exit_code)
    except Exception as exc:  # noqa: BLE001  a plug-in may raise anything
        confess(exc)
        _unrecorded(command)
    _end(recording.run())


def _unrecorded(command: list[str]) -> NoReturn:
    try:
        os.execvp(command[0], command)  # noqa: S606
    except OSError as exc:
        print(f"ci-reporter: cannot run {command[0]}: {exc.strerror}", file=sys.stderr)  # noqa: T201
        _end(127 if isinstance(exc, FileNotFoundError) else 126)


def _end(code: int) -> NoReturn:
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed before we started
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(code)
