"""End by a signal without leaving half-written files behind."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = ("SIGTERM", "SIGHUP", "SIGINT")


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Within the block a signal that ends the program does so as an exception, so that every `finally` runs.

    By default SIGTERM ends Python at once. The exit code is 128 + N, as a shell reports a program that died of it. What
    the caller told us to ignore (`nohup`) stays ignored.
    """
    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
