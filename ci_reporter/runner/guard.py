"""A second pair of eyes: a forked process that ends the command when the reporter itself is killed with -9.

Linux' PR_SET_PDEATHSIG would reach only the command, not what it started, and is undone by a set-uid exec.
"""

from __future__ import annotations

import os
import time

from ci_reporter.runner.tree import Ending, Root, processes

_GRACE_S = 1.0
_LOOKS, _PAUSE_S = 5, 0.02
_NOTHING = b"-"


class Guard:
    """Watches over the commands of one step, one at a time; forked once, before anything else runs beside it.

    `mark` is a NAME=value that only the command's environment has: by it a command is found that was started in the
    very moment in which the reporter was killed.
    """

    def __init__(self, mark: str) -> None:
        self._tell: int | None = None
        heard, tell = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:  # no process to be had: then nobody watches, and the command runs all the same
            os.close(tell)
        else:
            if self._pid == 0:
                _watch(heard, tell, mark)
            self._tell = tell
        os.close(heard)

    def watch(self, root: Root) -> None:
        """A command has started."""
        self._say(f"{root.pid} {root.group or 0}\n".encode())

    def rest(self) -> None:
        """It has ended."""
        self._say(_NOTHING + b"\n")

    def dismiss(self) -> None:
        """There will be no further one."""
        if self._tell is not None:
            self._say(b".")
            os.close(self._tell)
            os.waitpid(self._pid, 0)

    def _say(self, words: bytes) -> None:
        if self._tell is not None:
            try:
                os.write(self._tell, words)
            except BrokenPipeError:  # somebody has killed the guard
                pass


def _watch(heard: int, tell: int, mark: str) -> None:
    """Block until the reporter speaks or is gone. Signals stay blocked as they were in the reporter."""
    try:
        os.setsid()
        os.close(tell)
        os.dup2(heard, 0)
        os.closerange(1, 4096)  # above all the lock that says the reporter lives
        said = b""
        while part := os.read(0, 4096):
            said = (said + part)[-64:]
        if not said.endswith(b"."):
            root = _told(said) or _marked(mark.encode())
            if root:
                Ending(root, _GRACE_S).finish()
    finally:
        os._exit(0)


def _told(said: bytes) -> Root | None:
    last = said.rstrip(b"\n").rpartition(b"\n")[2]
    if last in (b"", _NOTHING):
        return None
    pid, group = map(int, last.split())
    return Root(pid=pid, group=group or None)


def _marked(mark: bytes) -> Root | None:
    """The first process that has the mark; looked for more than once, as it may be about to be executed."""
    for _ in range(_LOOKS):
        found = [each for each in processes() if mark in _environment(each.pid).split(b"\0")]
        if found:
            first = min(found, key=lambda each: each.started)
            return Root(pid=first.pid, group=first.pid if first.group == first.pid else None)
        time.sleep(_PAUSE_S)
    return None


def _environment(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read()
    except OSError:
        return b""
