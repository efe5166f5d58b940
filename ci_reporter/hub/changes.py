"""What changed, told to everybody in this process who listens: pages, the alerts' rules.

The database has the changes, numbered, whoever wrote them: this hub's requests, its poller, another hub. One task reads
what is new and hands it on. It looks when it is woken, and each second, for what nobody told it of; under load many
transactions are one look.

    with changes.subscribe() as listener:
        news = await listener.news()         # changes, in order; `missed`: too many came, so read all there is again
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ci_reporter.errors import StoreError
from ci_reporter.hub.runs.change import Change
from ci_reporter.hub.runs.reading import changes_after, last_number
from ci_reporter.hub.store.tables import Tables

_EVERY_S = 1.0
_APART_S = 0.025  # between two looks: a busy hub commits 200 times a second
_AT_ONCE = 1_000  # changes in one look
_MOST_BEHIND = 20_000  # changes; whoever is further behind reads all again, which is less than so many changes are
_MOST_WAITING = 1_000  # changes for one listener
_log = logging.getLogger("ci_reporter.hub.changes")


class News(NamedTuple):
    """Changes in their order; `missed`: some are not among them."""

    changes: tuple[Change, ...]
    missed: bool = False


class Listener:
    """Who is told of changes. It belongs to the event loop of the server."""

    def __init__(self, most: int = _MOST_WAITING) -> None:
        self._most = most
        self._waiting: deque[Change] = deque()
        self._missed = self._ended = False
        self._woken = asyncio.Event()

    async def news(self) -> News | None:
        """What has come since the last call, as soon as there is something. None when the hub stops."""
        await self._woken.wait()
        if self._ended:
            return None
        self._woken.clear()
        found = News(tuple(self._waiting), self._missed)
        self._waiting.clear()
        self._missed = False
        return found

    def tell(self, changes: Iterable[Change]) -> None:
        """Let it have these. What does not fit is forgotten, and said to be."""
        self._waiting.extend(changes)
        if len(self._waiting) > self._most:
            self.tell_missed()
        self._woken.set()

    def tell_missed(self) -> None:
        """Let it read all there is again."""
        self._waiting.clear()
        self._missed = True
        self._woken.set()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._woken.set()


class Changes:
    """The task and the listeners; a `Service`. `number` is that of the last change that was told."""

    def __init__(self, tables: Tables, *, every_s: float = _EVERY_S, most_behind: int = _MOST_BEHIND) -> None:
        self._tables = tables
        self._every_s, self._most_behind = every_s, most_behind
        self._listeners: set[Listener] = set()
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self.number = 0
        self.error: StoreError | None = None

    async def start(self) -> None:
        """Begin after the last change that there is. Raises StoreError."""
        self._loop = asyncio.get_running_loop()
        self.number = await asyncio.to_thread(last_number, self._tables.select)
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End the task, and tell the listeners so."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for listener in self._listeners:
            listener.end()

    def wake(self) -> None:
        """Something has changed: look now. Any thread may call it, also before the start and after the end."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    @contextmanager
    def subscribe(self, most: int = _MOST_WAITING) -> Iterator[Listener]:
        """A listener that is told of what comes from now on."""
        listener = Listener(most)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _follow(self) -> None:
        looked_s = -_APART_S
        while True:
            try:
                async with asyncio.timeout(self._every_s):
                    await self._woken.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(max(looked_s + _APART_S - time.monotonic(), 0))
            self._woken.clear()
            looked_s = time.monotonic()
            try:
                await self._catch_up()
                self._say(None)
            except StoreError as exc:
                self._say(exc)

    async def _catch_up(self) -> None:
        """Tell what is new, in pieces; after a long time only that much is new."""
        last = await asyncio.to_thread(last_number, self._tables.select)
        if not self.number <= last <= self.number + self._most_behind:  # lower: a backup was restored
            self.number = last
            for listener in self._listeners:
                listener.tell_missed()
        while self.number < last:
            found = await asyncio.to_thread(changes_after, self._tables.select, self.number, _AT_ONCE)
            for listener in self._listeners:
                listener.tell(found)
            self.number = found[-1].number if found else last  # numbers have gaps, also at the end

    def _say(self, error: StoreError | None) -> None:
        """Log once that the database cannot be read, and once that it can again."""
        if error and not self.error:
            _log.warning("changes cannot be read, so pages show what was known before: %s", error)
        if self.error and not error:
            _log.warning("changes are read again")
        self.error = error
