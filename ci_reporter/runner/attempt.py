"""One attempt: start the command, pass signals on, end it when its time is over or our parent is gone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from ci_reporter.frozen import Frozen
from ci_reporter.runner.guard import Guard
from ci_reporter.runner.signals import STOPPING, Event, Held, HeldByHandlers, name_of
from ci_reporter.runner.spawn import Launch, spawn
from ci_reporter.runner.tree import Ending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from resource import struct_rusage

_LOOK_S = 0.25  # how often we look whether our parent is still there
_ORPHAN_GRACE_S = 1.0
PARENT_GONE = "parent"


class Ended(Frozen):
    """How one attempt ended. `told` is why we were told to stop: a signal's name without SIG, or PARENT_GONE."""

    exit_code: int
    signal: int | None
    usage: struct_rusage
    timed_out: bool
    told: str | None


class Attempt:
    """The command while it runs."""

    def __init__(self, command: Sequence[str], launch: Launch, signals: Held | HeldByHandlers, guard: Guard) -> None:
        self._parent = os.getppid()
        self._signals = signals
        self._guard = guard
        self.root = spawn(command, launch)
        guard.watch(self.root)
        self._ending: Ending | None = None
        self._timed_out = False
        self._told: str | None = None

    def wait(self, *, timeout_s: float | None, grace_s: float) -> Ended:
        """Wait until the command has ended and, where we ended it, all that it started."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while (done := self._reap()) is None:
            self._pass_on(
                self._signals.next(_LOOK_S if deadline is None else min(_LOOK_S, deadline - time.monotonic()))
            )
            if self._ending:
                self._ending.step()
            elif os.getppid() != self._parent:
                self._told, self._ending = PARENT_GONE, Ending(self.root, _ORPHAN_GRACE_S)
            elif deadline is not None and time.monotonic() >= deadline:
                self._timed_out, self._ending, deadline = True, Ending(self.root, grace_s), None
        ended = self._ended(*done)
        if ended.told and ended.exit_code and not self._ending:
            self._ending = Ending(self.root, _ORPHAN_GRACE_S)
        if self._ending:
            self._ending.finish()
        self._guard.rest()
        return ended

    def _reap(self) -> tuple[int, struct_rusage] | None:
        pid, status, usage = os.wait4(self.root.pid, os.WNOHANG | os.WUNTRACED)
        if pid and os.WIFSTOPPED(status):
            if self.root.group is None:  # ^Z: the shell that started us waits for us to stop as well
                os.kill(os.getpid(), signal.SIGSTOP)
            return None
        return (status, usage) if pid else None

    def _pass_on(self, event: Event | None) -> None:
        if event is None or event.number == signal.SIGCHLD:
            return
        if event.number in STOPPING and self._told is None:
            self._told = name_of(event.number)
        if not event.from_terminal:
            os.kill(self.root.pid, event.number)

    def _ended(self, status: int, usage: struct_rusage) -> Ended:
        code = os.waitstatus_to_exitcode(status)
        return Ended(
            exit_code=124 if self._timed_out else 128 - code if code < 0 else code,
            signal=-code if code < 0 else None,
            usage=usage,
            timed_out=self._timed_out,
            told=self._told,
        )
