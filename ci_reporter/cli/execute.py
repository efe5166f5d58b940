"""`ci-reporter run -- CMD`: record the step, exit with the command's code."""

from __future__ import annotations

import os
import sys

from ci_reporter.errors import CIReporterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def execute(options: dict[str, Any], command: list[str]) -> NoReturn:
    """Record the command as a step and end the program, whatever still hangs in a thread."""
    code = _recorded(options, command)
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed before we started
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(code)


def _recorded(options: dict[str, Any], command: list[str]) -> int:
    from ci_reporter.cli.place import here
    from ci_reporter.cli.recording import record

    try:
        return record(here(options), command)
    except CIReporterError as exc:
        print(f"ci-reporter: {exc}", file=sys.stderr)  # noqa: T201
        return exc.exit_code
