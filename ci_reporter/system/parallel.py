"""Calls that run side by side, or that nobody waits for longer than they may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from ci_reporter.system.deadline import Deadline

    T = TypeVar("T")


def run_together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Run each call in a thread of its own, so that one that hangs takes no other's time; their results in order."""
    if len(calls) == 1:
        return [calls[0]()]
    from concurrent.futures import ThreadPoolExecutor  # it loads `logging`, which one call can do without

    with ThreadPoolExecutor(max(1, len(calls))) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def run_until(deadline: Deadline, call: Callable[[], T]) -> list[T]:
    """Run a call that may hang: its result in a list, which is empty where it has not ended by the deadline.

    The call must not raise. It goes on in a daemon thread: getaddrinfo(3) takes no timeout, and a thread that hangs in
    it must not keep the program from ending.
    """
    import threading

    done: list[T] = []  # `list.append` is atomic, so the list needs no lock
    thread = threading.Thread(target=lambda: done.append(call()), daemon=True)
    thread.start()
    thread.join(deadline.left_s())
    return done[:1]
