"""Signals as events: blocked from the first moment of the program, taken one by one, passed on once.

A terminal sends ^C to the whole foreground process group, so the command has it already; `si_code` tells the kernel's
signals from those of kill(2), and only the latter are passed on.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque

from ci_reporter.frozen import Frozen
from ci_reporter.runner.parent import Parent


def _numbers(*names: str) -> frozenset[int]:
    """The signals of these names that this system has (Windows has two)."""
    return frozenset(number for name in names if (number := getattr(signal, f"SIG{name}", None)))


STOPPING = _numbers("INT", "TERM", "HUP", "QUIT")
_FORWARDED = STOPPING | _numbers("USR1", "USR2", "WINCH", "CONT", "TSTP", "ALRM", "VTALRM", "PROF", "XCPU", "PWR", "IO")


class Event(Frozen):
    """A signal that came. `from_terminal`: the kernel sent it, to the whole foreground group."""

    number: int
    from_terminal: bool


class BlockedSignals(Frozen):
    """The signals that are blocked, the mask the command is to start with, and who started us.

    `ignored` are signals that we had to stop ignoring, and the command is to ignore.
    """

    numbers: frozenset[int]
    mask: frozenset[int]
    parent: Parent
    ignored: frozenset[int] = frozenset()

    def next(self, timeout_s: float) -> Event | None:
        """The next signal, or None when none comes in time."""
        info = signal.sigtimedwait(self.numbers, max(0.0, timeout_s))
        return Event(number=info.si_signo, from_terminal=info.si_code > 0) if info else None

    def has_stop(self) -> bool:
        """Whether a signal to stop has come that nobody has taken yet."""
        return bool(self.numbers and STOPPING & self.numbers & signal.sigpending())

    def take_stop(self) -> int | None:
        """A signal to stop that has come already, or None; other signals stay for the command."""
        info = signal.sigtimedwait(STOPPING & self.numbers, 0) if self.has_stop() else None
        return info.si_signo if info else None

    def release(self) -> None:
        """Unblock the signals; those that came in the meantime take effect now."""
        if self.numbers:
            signal.pthread_sigmask(signal.SIG_SETMASK, self.mask)

    def __enter__(self) -> BlockedSignals:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release()


class HandledSignals:
    """The same for systems without sigtimedwait (macOS). There only its number tells a terminal's ^C."""

    def __init__(self, numbers: frozenset[int], ignored: frozenset[int] = frozenset()) -> None:
        self.numbers = numbers
        self.ignored = ignored
        self.mask = frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        self.parent = Parent()
        self._came: deque[int] = deque()
        self._wake, self._woken = os.pipe()
        for end in (self._wake, self._woken):
            os.set_blocking(end, False)
        self._before = {number: signal.signal(number, self._remember) for number in numbers}

    def next(self, timeout_s: float) -> Event | None:
        """The next signal, or None when none comes in time."""
        import select

        until = time.monotonic() + timeout_s
        while not self._came and (left := until - time.monotonic()) > 0:
            if select.select([self._wake], [], [], left)[0]:
                os.read(self._wake, 4096)  # what has woken us once must not wake us again and again
        if not self._came:
            return None
        number = self._came.popleft()
        typed = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGCHLD, signal.SIGWINCH)
        return Event(number=number, from_terminal=number in typed and has_terminal())

    def has_stop(self) -> bool:
        """Whether a signal to stop has come that nobody has taken yet."""
        return any(each in STOPPING for each in self._came)

    def take_stop(self) -> int | None:
        """A signal to stop that has come already, or None; other signals stay for the command."""
        number = next((each for each in self._came if each in STOPPING), None)
        if number is not None:
            self._came.remove(number)
        return number

    def release(self) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._wake)
        os.close(self._woken)

    def __enter__(self) -> HandledSignals:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release()

    def _remember(self, number: int, _frame: object) -> None:
        self._came.append(number)
        try:
            os.write(self._woken, b".")
        except BlockingIOError:
            pass


Signals = BlockedSignals | HandledSignals


def block() -> Signals:
    """Block signals until they are released, in a `with` statement or by hand.

    What is ignored already (nohup) stays ignored, here and in the command. A program that only records a step never
    releases them: a signal that is pending when it ends has no effect, so its exit code stays the command's own.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return BlockedSignals(numbers=frozenset(), mask=frozenset(), parent=Parent())
    ignored = frozenset({signal.SIGCHLD} if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN else ())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # were it ignored, the kernel would keep no exit status for us
    wanted = frozenset(each for each in _FORWARDED if signal.getsignal(each) != signal.SIG_IGN)
    numbers = wanted | {signal.SIGCHLD}
    if not hasattr(signal, "sigtimedwait"):
        return HandledSignals(numbers, ignored)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    return BlockedSignals(numbers=numbers, mask=frozenset(mask), parent=Parent(), ignored=ignored)


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
