"""The targets of one token at one server, in the order in which they are due: serial, or a few at a time.

A target whose time has come waits for those before it: it is late, and never dropped.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Callable

from ci_reporter.hub.poll.targets import Target
from ci_reporter.hub.upstream.state import State

_LONGEST_PAUSE_S = 600.0
_JITTER = 0.05
_LEAST_PAUSE_S = 0.1  # what comes due within it is looked at together: waking up costs more than a look does


class Turn:
    """A target's place in the schedule, and what is known of it between two looks."""

    def __init__(self, target: Target, state: State, looked_ms: int = 0) -> None:
        self.target, self.state = target, state
        self.looked_ms, self.problem = looked_ms, ""
        self.failures = 0
        self.due_s = 0.0
        self.is_ours = True


class Lane:
    """A heap of turns. `wait_s` says for how long nothing may be sent: the token's rate limit."""

    def __init__(self, wait_s: Callable[[], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._wait_s, self._clock = wait_s, clock
        self._heap: list[tuple[float, int, Turn]] = []
        self._numbers = itertools.count()
        self._woken, self._first = asyncio.Event(), asyncio.Lock()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, turn: Turn, due_s: float | None = None) -> None:
        """Give a turn its place, now if not said otherwise."""
        turn.due_s = self._clock() if due_s is None else due_s
        heapq.heappush(self._heap, (turn.due_s, next(self._numbers), turn))
        if self._heap[0][2] is turn:
            self._woken.set()

    def add_again(self, turn: Turn, interval_s: float, began_s: float) -> None:
        """Give it the next one: an interval after this look began; after failures twice as long each time."""
        pause_s = interval_s
        if turn.failures:
            pause_s = max(interval_s, min(interval_s * 2**turn.failures, _LONGEST_PAUSE_S))
        jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  so that they do not all come at once
        self.add(turn, began_s + pause_s * jitter)

    def hurry(self) -> None:
        """Have all that wait due now."""
        now_s = self._clock()
        self._heap = [(min(due_s, now_s), number, turn) for due_s, number, turn in self._heap]
        heapq.heapify(self._heap)
        self._woken.set()

    async def next(self) -> Turn:
        """The turn that is due first, when it is. Of several workers one waits for it, and the others for that one."""
        async with self._first:
            while True:
                pause_s = self._wait_s()
                if self._heap and not pause_s:
                    pause_s = self._heap[0][0] - self._clock()
                    if pause_s <= 0:
                        return heapq.heappop(self._heap)[2]
                await self._pause(max(pause_s, _LEAST_PAUSE_S) if self._heap else None)

    async def _pause(self, seconds: float | None) -> None:
        """Until then, or until there is a new turn."""
        self._woken.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
