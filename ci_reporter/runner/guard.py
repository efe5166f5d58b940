"""A second pair of eyes: a forked process that ends the command when the reporter itself is killed with -9.

Linux' PR_SET_PDEATHSIG would reach only the command, not what it started, and is undone by a set-uid exec.
"""

from __future__ import annotations

import os

from ci_reporter.runner.tree import Ending, Root

_GRACE_S = 1.0


class Guard:
    """Watches over one command. It is there before the command is, so that no moment is unguarded."""

    def __init__(self) -> None:
        heard, self._tell = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _watch(heard)
        os.close(heard)

    def watch(self, root: Root) -> None:
        """The command has started."""
        os.write(self._tell, f"{root.pid} {root.group or 0}\n".encode())

    def dismiss(self) -> None:
        """The command has ended, or was never started."""
        os.write(self._tell, b".")
        os.close(self._tell)
        os.waitpid(self._pid, 0)


def _watch(heard: int) -> None:
    """Block until the reporter speaks or is gone. Signals stay blocked as they were in the reporter."""
    try:
        os.setsid()
        os.dup2(heard, 0)
        os.closerange(1, 4096)  # above all the lock that says the reporter lives
        said = b""
        while part := os.read(0, 64):
            said += part
        if said and not said.endswith(b"."):
            pid, group = map(int, said.split())
            Ending(Root(pid=pid, group=group or None), _GRACE_S).finish()
    finally:
        os._exit(0)
