"""What a signal does after the command has ended: it cuts the delivery short, and never changes the exit code."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from functools import partial
from threading import Thread, get_ident

from ci_reporter.runner.signals import STOPPING, Signals, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, TypeVar

    T = TypeVar("T")

_LOOK_S = 1.0
_STUCK_S = 10.0  # as long as GitHub waits between its first signal and the last


class Interrupted(Exception):
    """A signal to stop came before the work was done; its text is the signal's name."""


def interruptible(work: Callable[[], T], signals: Signals) -> T:
    """The result of `work`. Raises Interrupted as soon as a signal to stop comes; nobody then waits for the work.

    Every thread has the signals blocked, so none of them is hit by one: the main thread takes them while another
    thread works. When that one is done it wakes the main thread by SIGCHLD, which is among the signals waited for.
    """
    if not hasattr(signal, "pthread_kill"):  # Windows, where ^C is an exception in the main thread
        return _call_here(work)
    done: list[Callable[[], T]] = []
    try:
        Thread(target=_fill, args=(done, work, get_ident()), daemon=True).start()
    except RuntimeError:  # the limit of processes is reached: then a signal waits until the work is done
        return work()
    while not done:
        event = signals.next(_LOOK_S)
        if event and event.number in STOPPING:
            raise Interrupted(f"SIG{name_of(event.number)}")
    return done[0]()


def end_when_stuck(signals: Signals, end: Callable[[], object]) -> None:
    """Call `end` when a signal to stop has waited for 10 s.

    Whatever hangs (a dead file system, a terminal that nobody reads), less than KILL can end the program.
    """
    try:
        Thread(target=_watch, args=(signals, end), daemon=True).start()
    except RuntimeError:  # the limit of processes is reached
        pass


def _watch(signals: Signals, end: Callable[[], object]) -> None:
    since: float | None = None
    while since is None or time.monotonic() - since < _STUCK_S:
        time.sleep(_LOOK_S)
        if not signals.has_stop():
            since = None
        elif since is None:
            since = time.monotonic()
    end()


def _call_here(work: Callable[[], T]) -> T:
    try:
        return work()
    except KeyboardInterrupt as exc:
        raise Interrupted("SIGINT") from exc


def _raise(error: Exception) -> NoReturn:
    raise error


def _fill(done: list[Callable[[], T]], work: Callable[[], T], waiter: int) -> None:
    """Do the work; what is added to `done` gives its result, or raises what it raised."""
    try:
        result = work()
        done.append(lambda: result)
    except Exception as exc:  # noqa: BLE001  the thread that waits raises it
        done.append(partial(_raise, exc))
    signal.pthread_kill(waiter, signal.SIGCHLD)
