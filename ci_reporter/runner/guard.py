"""A second pair of eyes: a forked process that ends the command when the reporter itself is killed with -9.

Linux' PR_SET_PDEATHSIG would reach only the command, not what it started, and is undone by a set-uid exec.
"""

from __future__ import annotations

import os

from ci_reporter.runner.tree import Ending, Root

_GRACE_S = 1.0


class Guard:
    """Watches over one command until it is told that the command has ended."""

    def __init__(self, root: Root) -> None:
        heard, self._tell = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _watch(heard, root)
        os.close(heard)

    def dismiss(self) -> None:
        """The command has ended."""
        os.write(self._tell, b".")
        os.close(self._tell)
        os.waitpid(self._pid, 0)


def _watch(heard: int, root: Root) -> None:
    """Block until the reporter speaks or is gone. Signals stay blocked as they were in the reporter."""
    try:
        os.setsid()
        os.dup2(heard, 0)
        os.closerange(1, 4096)  # above all the lock that says the reporter lives
        if os.read(0, 1) == b"":
            Ending(root, _GRACE_S).finish()
    finally:
        os._exit(0)
