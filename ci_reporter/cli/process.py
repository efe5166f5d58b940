"""What the command line takes from its process: the environment and the working folder."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ci_reporter.context import Context, load_context
from ci_reporter.frozen import EMPTY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def current_context(options: Mapping[str, Any] = EMPTY) -> Context:
    """The context of this process; `options` are what the command line was given. Raises UsageError."""
    context = load_context(dict(os.environ), _working_folder(), options)
    if context.config.unrecognised or context.config.doubts:
        _warn(context)
    return context


def _warn(context: Context) -> None:
    """Say which variables nobody reads, and what else is odd; few jobs have any, so its imports are here."""
    from ci_reporter.cli.output import warn
    from ci_reporter.config import plugins, variables

    for warning in variables.warnings(context.config.unrecognised, plugins.all_settings()):
        warn(warning, context.env)
    for doubt in context.config.doubts:
        warn(doubt, context.env)


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it has been deleted; the command may not need it
        return "/"
