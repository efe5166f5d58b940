"""Who started us: whether it is still there, and which signals it hands down ignored.

A CI system that cancels a job may kill only the step's entry process. PR_SET_PDEATHSIG (prctl(2)) would tell us at
once, but it needs ctypes before the command starts, says nothing of a parent that has died before the call, and fires
already when the thread ends that forked us. So we look, a few times a second.
"""

from __future__ import annotations

import os

# What starts others with its own dispositions. A program that ignores SIGPIPE for its own sake (Python, Node.js, .NET,
# Rust) gives its children the default, so that nothing can be told from what it ignores itself.
_HANDS_DOWN = frozenset(
    ("sh", "bash", "dash", "ash", "busybox", "zsh", "ksh", "ksh93", "mksh", "yash", "make", "gmake", "xargs", "timeout")
)


class Parent:
    """The process that started us, as found when this is made: as early as possible."""

    def __init__(self) -> None:
        self._pid = os.getppid()
        self._lost = _is_adopted(self._pid)

    def is_gone(self) -> bool:
        """Whether it has ended: an orphan gets another parent, PID 1 or the nearest subreaper."""
        return self._lost or os.getppid() != self._pid

    def hands_down_ignored(self, number: int) -> bool:
        """Whether we were started with this signal ignored, as far as a signal that Python ignores can be told.

        Python sets SIGPIPE before its first line of ours runs, and the kernel keeps no trace of what it was. A shell
        in which it is ignored (`trap '' PIPE`; on GitHub every step's shell) hands that down to what it starts.
        """
        try:
            with open(f"/proc/{self._pid}/status", "rb") as file:
                ignored = int(file.read().partition(b"SigIgn:")[2].split()[0], 16)
            mine = bool(ignored >> (number - 1) & 1)
            return mine and os.path.basename(os.readlink(f"/proc/{self._pid}/exe")) in _HANDS_DOWN
        except (OSError, IndexError, ValueError):  # no /proc (macOS), or a parent that is not ours to look at
            return False


def _is_adopted(parent: int) -> bool:
    """Whether `parent` is not the one that started us, which then has died before we could look.

    fork(2) and execve(2) keep the session, so a process that does not lead its session is in that of the process that
    started it. With a parent in another session we are an orphan: the entry process of a CI step that is killed within
    our first milliseconds leaves us to PID 1, or to a runner that is a subreaper, which are in sessions of their own.
    A parent of 0 is outside of our PID namespace (`docker exec`, a container's first process): nothing is known of it.
    """
    try:
        session = os.getsid(0)
        return parent > 0 and session != os.getpid() and session != os.getsid(parent)
    except (AttributeError, OSError):  # Windows; a parent that has ended between the two calls shows in is_gone
        return False
