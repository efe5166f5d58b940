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
    return load_context(dict(os.environ), _working_folder(), options)


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it has been deleted; the command may not need it
        return "/"
