"""The commit that a run is about: subject, author, and what it changed, as git tells it."""

from __future__ import annotations

import subprocess

from ci_reporter.model import Run
from ci_reporter.notify.alert import Commit
from ci_reporter.system.git import Git

_FORMAT = "%H%x00%P%x00%s%x00%an%x00"
_MOST_FILES = 8
# Of a merge, what it brought to the branch. Nothing that the repository's configuration names is run.
_SHOW = ("show", "--no-color", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--first-parent", "-m")


def commit(git: Git, revision: str | None = None, limit_s: float = 2.0) -> Commit | None:
    """The commit `revision`, else the one that is checked out; None where git cannot tell.

    `stat` has at most eight files of `git show --stat`, and its last line, which counts them all.
    """
    if revision is not None and not revision.isalnum():  # never an option to git
        return None
    arguments = (*_SHOW, f"--format={_FORMAT}", "--stat=80,50", revision or "HEAD", "--")
    try:
        done = git.ask(*arguments, limit_s=limit_s)
        found = done.stdout.split("\0", 4)  # a subject or a name may hold a carriage return, which begins a line, too
        if done.returncode or len(found) != 5:
            return None
        known, parents, subject, author, rest = found
        # A checkout of depth 1 has no parent to compare with: git shows the whole tree as added by this commit.
        whole = not parents and git.line("rev-parse", "--is-shallow-repository", limit_s=limit_s) == "true"
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Commit(revision=known, subject=subject, author=author or None, stat=() if whole else _clip(rest))


def commit_of(run: Run, git: Git, limit_s: float = 2.0) -> Commit | None:
    """The commit of a run: as git knows it, else as far as the CI system told it."""
    if found := commit(git, run.revision, limit_s):
        return found
    subject = (run.commit_message or "").strip().partition("\n")[0]
    return (
        Commit(revision=run.revision, subject=subject, author=run.commit_author) if run.revision and subject else None
    )


def _clip(text: str) -> tuple[str, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) <= _MOST_FILES + 1:
        return tuple(lines)
    return (*lines[:_MOST_FILES], lines[-1])
