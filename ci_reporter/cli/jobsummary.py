"""The summary of a GitHub job's step: a file that several programs append to, of which GitHub takes one MiB."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ci_reporter.cli.output import warn
from ci_reporter.surfaces.github import LARGEST_SUMMARY, SUMMARY
from ci_reporter.system.files import append


def summary_room(path: str) -> int:
    """How many bytes more GitHub takes: of a longer summary it shows nothing."""
    try:
        return max(0, LARGEST_SUMMARY - os.stat(path).st_size)
    except OSError:
        return LARGEST_SUMMARY


def append_summary(text: str, env: Mapping[str, str]) -> None:
    """Append to the step's summary, where there is one; that it cannot take the text is worth a warning."""
    path = env.get(SUMMARY)
    if not path:
        return
    if len(text.encode("utf-8", "replace")) > summary_room(path):
        warn(f"not in the summary, which has no room left (GitHub takes 1 MiB of {SUMMARY})", env)
        return
    try:
        append(path, text)
    except OSError as exc:
        warn(f"cannot write the summary to {SUMMARY} ({path}): {exc.strerror}", env)
