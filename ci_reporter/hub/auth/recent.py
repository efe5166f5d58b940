"""Answers of the database that hold for a second: what is revoked in another process ends within one, here, too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
FRESH_S = 1.0
_MOST = 10_000


class Recent(Generic[K, V]):
    """What `load` gave for a key, for a second. It is called beside the event loop."""

    def __init__(
        self, load: Callable[[K], V], *, fresh_s: float = FRESH_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load, self._fresh_s, self._clock = load, fresh_s, clock
        self._known: dict[K, tuple[float, V]] = {}
        self._asked: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """What it is now, or was a second ago. Raises what `load` raises.

        All who ask at the same time wait for one question: while the database is silent each takes a thread.
        """
        now_s = self._clock()
        known = self._known.get(key)
        if known is not None and now_s < known[0]:
            return known[1]
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.create_task(self._ask(key, now_s))
            asked.add_done_callback(lambda task: (self._asked.pop(key, None), task.cancelled() or task.exception()))
        return await asyncio.shield(asked)

    async def _ask(self, key: K, now_s: float) -> V:
        found = await asyncio.to_thread(self._load, key)
        if len(self._known) >= _MOST:  # whoever asks with ever new keys makes others ask the database, no more
            self._known.clear()
        # From before the question on: an answer that was long on its way is not new.
        self._known[key] = (now_s + self._fresh_s, found)
        return found

    def forget(self, key: K) -> None:
        """Ask again the next time."""
        self._known.pop(key, None)
        self._asked.pop(key, None)
