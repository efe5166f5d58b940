"""A process beside the command that ends it when the reporter itself is killed with -9, which nobody can catch.

The guard is forked before the command starts and blocks on a pipe that only the reporter writes to: the kernel closes
it whatever the reporter dies of, and then read(2) returns. PR_SET_PDEATHSIG (prctl(2)) on the command would be less
code, but it reaches only the command and not what it has started, and an execve of a set-uid program undoes it.
"""

from __future__ import annotations

import os
import time

from ci_reporter.runner.tree import Ending, Mark, Root, processes

_GRACE_S = 1.0
_ATTEMPTS, _PAUSE_S = 5, 0.02
_NO_COMMAND = b"-"
_DISMISSED = b"."


class Guard:
    """Watches over the commands of one step, one at a time.

    It is forked while the reporter has one thread: a fork of several would copy locks that nobody releases. `mark` is
    a NAME=value that only the command's environment has: by it a command is found that was started just before the
    reporter was killed, so that its process id was never written to the pipe.
    """

    def __init__(self, mark: str) -> None:
        self._pipe: int | None = None
        try:
            source, target = os.pipe()
        except OSError:  # no descriptor or no process is left: the command runs all the same, unguarded
            return
        try:
            self._pid = os.fork()
        except OSError:
            os.close(target)
        else:
            # The child never returns from here, or it would run the rest of the program a second time.
            if self._pid == 0:
                _wait_and_end(source, target, mark)
            self._pipe = target
        os.close(source)

    def watch(self, root: Root) -> None:
        """A command has started."""
        self._write(f"{root.pid} {root.group or 0}\n".encode())

    def forget(self) -> None:
        """The command has ended by itself: whatever it has left behind is not ours to end."""
        self._write(_NO_COMMAND + b"\n")

    def dismiss(self) -> None:
        """There will be no further one."""
        if self._pipe is not None:
            self._write(_DISMISSED)
            os.close(self._pipe)
            self._pipe = None
            try:
                os.waitpid(self._pid, 0)
            except ChildProcessError:  # somebody has killed it, and as PID 1 we have reaped it already
                pass

    def _write(self, message: bytes) -> None:
        if self._pipe is not None:
            try:
                os.write(self._pipe, message)
            except BrokenPipeError:  # somebody has killed the guard
                pass


def _wait_and_end(source: int, target: int, mark: str) -> None:
    """Block until the reporter dismisses us or is gone. Signals stay blocked as they were in the reporter."""
    try:
        os.setsid()  # a signal to the reporter's process group, also KILL, is not for us
        os.close(target)  # our own copy of the writing end would keep the pipe open for ever
        os.dup2(source, 0)
        os.closerange(1, 4096)  # streams that somebody waits to be closed; the lock that says that the reporter lives
        said = b""
        while part := os.read(0, 4096):
            # Only the last message counts (`4711 4711\n`, `-\n` or `.`), and 64 bytes hold any of them.
            said = (said + part)[-64:]
        if not said.endswith(_DISMISSED):
            root = _last_command(said) or _marked_command(mark)
            if root:
                Ending(root, _GRACE_S, mark).finish()
    finally:
        os._exit(0)


def _last_command(said: bytes) -> Root | None:
    """The command that the reporter has named last; None where it has ended, or none had been named."""
    last = said.rstrip(b"\n").rpartition(b"\n")[2]
    if last in (b"", _NO_COMMAND):
        return None
    pid, group = map(int, last.split())
    return Root(pid=pid, group=group or None)


def _marked_command(mark: str) -> Root | None:
    """The oldest process that has the mark; searched for more than once, as it may be about to be executed."""
    carried = Mark(mark)
    for _ in range(_ATTEMPTS):
        if found := carried.carriers(processes()):
            first = min(found, key=lambda each: each.started)
            return Root(pid=first.pid, group=first.pid if first.group == first.pid else None)
        time.sleep(_PAUSE_S)
    return None
