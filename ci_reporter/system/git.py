"""Questions to git about a checkout. Git answers by itself: it prompts nobody, fetches nothing and takes no lock."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    # A partial clone would fetch what it lacks. Git before 2.45 does not know the first variable, but heeds the second.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}
# `core.fsmonitor` of a repository's own configuration names a program that `git status` and `git diff` would run.
_COMMAND = ("git", "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=true")


class Git:
    """The git repository that `folder` is in, asked with the environment `env`."""

    def __init__(self, folder: str, env: Mapping[str, str]) -> None:
        self.folder = folder
        self._env = {**env, **_QUIET}

    def ask(self, *arguments: str, limit_s: float) -> subprocess.CompletedProcess[str]:
        """Run one git command: its exit code, and what it printed in `stdout`, bytes that are not UTF-8 replaced.

        Raises OSError where git cannot be run, ValueError for an argument that no process can get, and
        subprocess.TimeoutExpired.
        """
        return subprocess.run(
            [*_COMMAND, *arguments],
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=max(0.0, limit_s),
            check=False,
            encoding="utf-8",
            errors="replace",
        )

    def line(self, *arguments: str, limit_s: float) -> str | None:
        """What git prints, without the line break; None where it fails or prints nothing. Raises as `ask` does."""
        done = self.ask(*arguments, limit_s=limit_s)
        return done.stdout.strip() or None if done.returncode == 0 else None

    @contextmanager
    def stream(self, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
        """Run a command whose output is long: the process, and its output to read. Raises OSError."""
        with subprocess.Popen(
            [*_COMMAND, *arguments],
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None  # noqa: S101
            yield process, process.stdout
