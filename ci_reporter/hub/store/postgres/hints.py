"""Hints between hubs on one database: something was committed, look for what is new.

A hint has no content, may come twice, and may be lost: whoever waits for one looks by itself now and then, too. NOTIFY
takes a lock of the whole server at its commit, so it is not part of the transactions: what they have to tell within a
twentieth of a second is one NOTIFY beside them.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from ci_reporter.hub.store.postgres.connections import Connections
from ci_reporter.hub.store.postgres.reasons import ERRORS

_CHANNEL = "ci_reporter_hub"
_TELL = f"SELECT pg_notify('{_CHANNEL}', $1)"
_COALESCE_S = 0.05
_AGAIN_S = 1.0


class Hints:
    """What one hub tells the others and hears from them. `heard` is called in a thread of the store's."""

    def __init__(self, connections: Connections, heard: Callable[[], None]) -> None:
        self._connections, self._heard = connections, heard
        self._me = uuid.uuid4().hex
        self._is_due = self._listens = False

    def listen(self) -> None:
        """Hear the others from now on."""
        if not self._listens:
            self._listens = True
            self._connections.start(self._listen())

    def tell(self) -> None:
        """Tell the others soon; any thread may call this."""
        if not self._is_due:
            self._is_due = True
            self._connections.start(self._tell())

    async def _tell(self) -> None:
        await asyncio.sleep(_COALESCE_S)
        self._is_due = False  # before it is told: what is committed from now on is told by the next one
        try:
            await self._connections.execute(_TELL, self._me)
        except ERRORS:
            pass  # a hint may be lost

    async def _listen(self) -> None:
        """Hear until the loop ends, on a connection of its own, and on another one where that is lost."""
        while True:
            try:
                await self._hear_on(await self._connections.connect())
            except ERRORS:
                pass
            await asyncio.sleep(_AGAIN_S)

    async def _hear_on(self, connection: Any) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(_CHANNEL, self._hear)
            self._call()  # there may have been hints while nobody listened
            await lost.wait()
        finally:
            connection.terminate()

    def _hear(self, _connection: Any, _pid: int, _channel: str, who: str) -> None:
        if who != self._me:
            self._call()

    def _call(self) -> None:
        """In a thread: whoever hears may ask the database, and this loop has to answer it."""
        asyncio.get_running_loop().run_in_executor(None, self._heard)
