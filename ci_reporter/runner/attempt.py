"""One attempt: start the command, pass signals on, end it when its time is over or our parent is gone."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence

from ci_reporter.frozen import Frozen
from ci_reporter.runner.guard import Guard
from ci_reporter.runner.launch import Launch
from ci_reporter.runner.signals import STOPPING, Event, Signals, name_of
from ci_reporter.runner.spawn import spawn
from ci_reporter.runner.tree import Ending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from resource import struct_rusage

_LOOK_S = 0.25  # how often we look whether our parent is still there
_GRACE_S = 1.0  # between TERM and KILL for what a command leaves behind that was told to stop
_WNOTHREAD = 0x20000000 if sys.platform == "linux" else 0  # wait4(2): only children of the calling thread
PARENT_GONE = "parent"


class Limits(Frozen):
    """When to end the command. `mark` is the NAME=value by which all that it has started is found."""

    mark: str
    timeout_s: float | None = None
    grace_s: float = 10.0
    outlive_parent: bool = False


class Exit(Frozen):
    """How one attempt ended. `cancelled_by` is a signal's name without SIG, or PARENT_GONE."""

    exit_code: int
    signal: int | None
    usage: struct_rusage
    timed_out: bool
    cancelled_by: str | None


class Attempt:
    """The command while it runs."""

    def __init__(self, command: Sequence[str], launch: Launch, signals: Signals, guard: Guard) -> None:
        self._signals = signals
        self._guard = guard
        try:
            self.root = spawn(command, launch)
        except BlockingIOError:  # EAGAIN: the guard has taken the last process there was
            guard.dismiss()
            self.root = spawn(command, launch)
        guard.watch(self.root)
        self._ending: Ending | None = None
        self._timed_out = False
        self._cancelled_by: str | None = None
        self._forward_early()

    def wait(self, limits: Limits) -> Exit:
        """Wait until the command has ended and, where we ended it, all that it started."""
        deadline = None if limits.timeout_s is None else time.monotonic() + limits.timeout_s
        while (done := self._reap()) is None:
            left_s = _LOOK_S if deadline is None else deadline - time.monotonic()
            self._forward(self._signals.next(min(_LOOK_S, left_s)))
            if self._ending:
                self._ending.step()
            elif self._signals.parent.is_gone() and not limits.outlive_parent:
                self._cancelled_by, self._ending = PARENT_GONE, Ending(self.root, _GRACE_S, limits.mark)
            elif deadline is not None and time.monotonic() >= deadline:
                self._timed_out, self._ending = True, Ending(self.root, limits.grace_s, limits.mark)
                deadline = None
        end = self._exit(*done)
        if end.cancelled_by and end.exit_code and not self._ending:
            self._ending = Ending(self.root, _GRACE_S, limits.mark)
        if self._ending:
            self._ending.finish()
        self._guard.forget()
        return end

    def _reap(self) -> tuple[int, struct_rusage] | None:
        """The command's status and usage once it has ended.

        As PID 1 of a container we get every orphan as a child, and must wait for it or it stays a zombie. Only children
        of this thread are waited for: the threads beside it (git) wait for theirs themselves, and an orphan goes to the
        first thread of its new parent (the kernel's find_new_reaper).
        """
        whom, flags = (-1, _WNOTHREAD) if os.getpid() == 1 and _WNOTHREAD else (self.root.pid, 0)
        while True:
            pid, status, usage = os.wait4(whom, os.WNOHANG | os.WUNTRACED | flags)
            if pid == self.root.pid and os.WIFSTOPPED(status):
                if self.root.group is None:  # ^Z: the shell that started us waits for us to stop as well
                    os.kill(os.getpid(), signal.SIGSTOP)
                return None
            if pid in (0, self.root.pid):
                return (status, usage) if pid else None

    def _forward_early(self) -> None:
        """Pass on what came while the command was started, also what a terminal has sent.

        A ^C just before the command was there has reached nobody but us. One just after it reached the command too,
        which then ends by the first of the two: it has had no time yet to do anything else.
        """
        while event := self._signals.next(0):
            self._forward(event, also_from_terminal=True)

    def _forward(self, event: Event | None, *, also_from_terminal: bool = False) -> None:
        if event is None or event.number == signal.SIGCHLD:
            return
        if event.number in STOPPING and self._cancelled_by is None:
            self._cancelled_by = name_of(event.number)
        if not event.from_terminal or also_from_terminal:
            try:
                os.kill(self.root.pid, event.number)
            except PermissionError:  # it has become another user's (sudo), whose signals are not for us to send
                pass

    def _exit(self, status: int, usage: struct_rusage) -> Exit:
        code = os.waitstatus_to_exitcode(status)
        by_signal = code < 0 or code > 128  # a shell exits with 128+N for what it has started
        if by_signal and self._cancelled_by is None and (number := self._signals.take_stop()):
            self._cancelled_by = name_of(number)  # sent to the whole group: the command has died of it before we look
        return Exit(
            exit_code=124 if self._timed_out else 128 - code if code < 0 else code,
            signal=-code if code < 0 else None,
            usage=usage,
            timed_out=self._timed_out,
            cancelled_by=self._cancelled_by,
        )
