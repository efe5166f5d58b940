"""The commit that a run is about: subject, author, and what it changed, as git tells it."""

from __future__ import annotations

import subprocess

from ci_reporter.notify.alert import Commit
from ci_reporter.system.git import Git

_FORMAT = "%H%x00%s%x00%an"
_MOST_FILES = 8


def commit(git: Git, revision: str | None = None, limit_s: float = 2.0) -> Commit | None:
    """The commit `revision`, else the one that is checked out; None where git cannot tell.

    `stat` has at most eight files of `git show --stat`, and its last line, which counts them all.
    """
    if revision is not None and not revision.isalnum():  # never an option to git
        return None
    arguments = ("show", "--no-color", "--no-ext-diff", f"--format={_FORMAT}", "--stat=80,50", revision or "HEAD", "--")
    try:
        done = git.ask(*arguments, limit_s=limit_s)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    first, _, rest = done.stdout.partition("\n")
    found = first.split("\0")
    if done.returncode or len(found) != 3:
        return None
    return Commit(revision=found[0], subject=found[1], author=found[2] or None, stat=_clip(rest))


def _clip(text: str) -> tuple[str, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) <= _MOST_FILES + 1:
        return tuple(lines)
    return (*lines[:_MOST_FILES], lines[-1])
