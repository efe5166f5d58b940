"""When each token was used last: noted in memory, written once a minute, and when the hub stops."""

from __future__ import annotations

import asyncio
import logging

from ci_reporter.errors import StoreError
from ci_reporter.hub.auth import tokens
from ci_reporter.hub.auth.authenticator import Authenticator
from ci_reporter.hub.store.tables import Tables

EVERY_S = 60.0
_log = logging.getLogger("ci_reporter.hub.auth")


class LastUses:
    """The service that writes them."""

    def __init__(self, authenticator: Authenticator, tables: Tables, every_s: float = EVERY_S) -> None:
        self._authenticator, self._tables, self._every_s = authenticator, tables, every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write what is left."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self.write()

    async def write(self) -> None:
        """Write what is new; what cannot be written now is written the next time."""
        used = dict(self._authenticator.last_uses)
        if not used:
            return
        try:
            await asyncio.to_thread(tokens.keep_last_uses, self._tables, used)
        except StoreError as exc:
            _log.warning("it cannot be written when tokens were used last: %s", exc)
            return
        for token_id, used_ms in used.items():
            if self._authenticator.last_uses.get(token_id) == used_ms:
                del self._authenticator.last_uses[token_id]

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self.write()
