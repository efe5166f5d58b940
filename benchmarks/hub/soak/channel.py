"""A chat that takes alerts, strictly: signed, each message once, and nothing that was said before."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from benchmarks.hub.soak.systems import SECRET
from ci_reporter.system.standardwebhooks import SignatureError, verify


class Channel:
    """What was said. A message's id twice is one message; `again` counts those, which only a crash excuses."""

    def __init__(self) -> None:
        self.url = ""
        self.said: Counter[str] = Counter()
        self.types: Counter[str] = Counter()
        self.again = 0
        self.unsigned = 0

    async def take(self, request: web.Request) -> web.Response:
        """Take one message."""
        body = await request.read()
        try:
            message_id = verify(request.headers, body, [SECRET], time.time())
        except SignatureError:
            self.unsigned += 1
            return web.Response(status=401)
        self.said[message_id] += 1
        if self.said[message_id] > 1:
            self.again += 1
        else:
            self.types[(await request.json())["type"]] += 1
        return web.Response(status=204)


@asynccontextmanager
async def listening(channel: Channel) -> AsyncIterator[Channel]:
    """The channel on a port of its own."""
    app = web.Application()
    app.router.add_post("/hook", channel.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    channel.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield channel
    finally:
        await runner.cleanup()
