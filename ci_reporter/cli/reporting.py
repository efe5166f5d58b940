"""The edge of every click command: our errors become one line and their exit code."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

from ci_reporter.cli import output
from ci_reporter.errors import CIReporterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ParamSpec

    P = ParamSpec("P")


def report_errors(function: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that an error of ours is a message, not a traceback."""

    @functools.wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except CIReporterError as exc:
            output.say(f"ci-reporter: {exc}")
            sys.exit(exc.exit_code)

    return inner
