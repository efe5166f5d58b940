"""One end for everything that is sent: what comes later has less time, and nothing takes longer than all together."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A point in time that everything sent shares."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._until = clock() + seconds

    def left_s(self) -> float:
        """Seconds until then; 0 when it has passed."""
        return max(0.0, self._until - self._clock())
