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

    async def get(self, key: K) -> V:
        """What it is now, or was a second ago. Raises what `load` raises."""
        now_s = self._clock()
        known = self._known.get(key)
        if known is not None and now_s < known[0]:
            return known[1]
        found = await asyncio.to_thread(self._load, key)
        if len(self._known) >= _MOST:  # whoever asks with ever new keys makes others ask the database, no more
            self._known.clear()
        # From before the question on: an answer that was long on its way is not new.
        self._known[key] = (now_s + self._fresh_s, found)
        return found

    def forget(self, key: K) -> None:
        """Ask again the next time."""
        self._known.pop(key, None)
