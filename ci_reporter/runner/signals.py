"""Signals as events: held back while a command runs, looked at one by one, passed on once.

A terminal sends ^C to the whole foreground group, so the command has it already; `si_code` tells the kernel's signals
from those of kill(2), and only the latter are passed on.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from ci_reporter.frozen import Frozen


def _numbers(*names: str) -> frozenset[int]:
    """The signals of these names that this system has (Windows has two)."""
    return frozenset(number for name in names if (number := getattr(signal, f"SIG{name}", None)))


STOPPING = _numbers("INT", "TERM", "HUP", "QUIT")
_FORWARDED = STOPPING | _numbers("USR1", "USR2", "WINCH", "CONT", "TSTP")


class Event(Frozen):
    """A signal that came. `from_terminal`: the kernel sent it, to the whole foreground group."""

    number: int
    from_terminal: bool


class Held(Frozen):
    """The signals held back, and the mask the command is to start with."""

    numbers: frozenset[int]
    mask: frozenset[int]

    def next(self, timeout_s: float) -> Event | None:
        """The next signal, or None when none comes in time."""
        info = signal.sigtimedwait(self.numbers, max(0.0, timeout_s))
        return Event(number=info.si_signo, from_terminal=info.si_code > 0) if info else None


class HeldByHandlers:
    """The same for systems without sigtimedwait (macOS). There ^C of a terminal is told by its number alone."""

    def __init__(self, numbers: frozenset[int]) -> None:
        self.numbers = numbers
        self.mask = frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        self._came: deque[int] = deque()
        self._wake, self._woken = os.pipe()
        for end in (self._wake, self._woken):
            os.set_blocking(end, False)
        self._before = {number: signal.signal(number, self._note) for number in numbers}

    def next(self, timeout_s: float) -> Event | None:
        """The next signal, or None when none comes in time."""
        until = time.monotonic() + timeout_s
        while not self._came and (left := until - time.monotonic()) > 0:
            select.select([self._wake], [], [], left)
        if not self._came:
            return None
        number = self._came.popleft()
        typed = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGCHLD, signal.SIGWINCH)
        return Event(number=number, from_terminal=number in typed and has_terminal())

    def restore(self) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._wake)
        os.close(self._woken)

    def _note(self, number: int, _frame: object) -> None:
        self._came.append(number)
        try:
            os.write(self._woken, b".")
        except BlockingIOError:
            pass


@contextmanager
def held() -> Iterator[Held | HeldByHandlers]:
    """Hold signals back until the block ends. What is ignored already (nohup) stays ignored, here and below."""
    if not hasattr(signal, "pthread_sigmask"):
        yield Held(numbers=frozenset(), mask=frozenset())
        return
    if signal.getsignal(signal.SIGCHLD) != signal.SIG_DFL:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a parent that ignored it would cost us the exit status
    wanted = frozenset(each for each in _FORWARDED if signal.getsignal(each) != signal.SIG_IGN)
    numbers = wanted | {signal.SIGCHLD}
    if not hasattr(signal, "sigtimedwait"):
        handlers = HeldByHandlers(numbers)
        try:
            yield handlers
        finally:
            handlers.restore()
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield Held(numbers=numbers, mask=frozenset(mask))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def name_of(number: int) -> str:
    """`TERM` for 15; a real-time signal without a name is its number."""
    try:
        return signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        return str(number)


def has_terminal() -> bool:
    """Whether a terminal controls us; then the command stays in our process group, as job control needs it."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
