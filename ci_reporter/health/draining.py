"""Draining: from SIGTERM on, readiness is red, so that a balancer sends no more requests before the server stops."""

from __future__ import annotations

import os
import signal
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any


class Draining:
    """Whether the process drains. `delay_s`: how long SIGTERM is held back from the server, which stops at once."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.begun = False
        self._delay_s = delay_s
        self._handler: Any = None
        self._held_back = False

    def begin(self) -> None:
        """Turn readiness red."""
        self.begun = True

    def install(self) -> None:
        """Begin at SIGTERM, then do what was done so far; call it again when the server has set a handler of its own.

        Only the main thread may handle signals; elsewhere this does nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        present = signal.getsignal(signal.SIGTERM)
        if present not in (self._handle, signal.SIG_IGN, None):
            self._handler = present
            signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.begin()
        if self._delay_s and not self._held_back:
            self._held_back = True
            timer = threading.Timer(self._delay_s, os.kill, (os.getpid(), number))
            timer.daemon = True
            timer.start()
        elif callable(self._handler):
            self._handler(number, frame)
        else:  # nobody handled it: the process ends as it would have
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
