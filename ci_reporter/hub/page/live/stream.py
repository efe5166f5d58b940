"""`GET /events`: what changes, as server-sent events. Source: WHATWG HTML, "Server-sent events"."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from ci_reporter.hub.api import params
from ci_reporter.hub.asgi import Message, Receive, Send
from ci_reporter.hub.auth.access import ACCESS, ASK_AGAIN, Access
from ci_reporter.hub.page.live.broadcast import Broadcast, Client, Form
from ci_reporter.hub.page.view import Visit, cookies
from ci_reporter.hub.page.views.wall import PARAMS, filter_of
from ci_reporter.hub.problem import Problem, respond

EVENTS = "/events"
SOCKET = "/ws"
_LONGEST_S = 900.0  # then the client comes again
_AGAIN_S = 10.0  # so often who listens is asked again who it is
_RETRY = b"retry: 1000\n\n"
_MOST_CLIENTS = 5000
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
Transmit = Callable[[bytes], Awaitable[None]]
Ends = tuple[asyncio.Future[None], ...]


class Streams:
    """`/events` and `/ws` over one broadcast. A token that is revoked, or a session that ends, ends its streams."""

    def __init__(self, broadcast: Broadcast, *, again_s: float = _AGAIN_S) -> None:
        self._broadcast = broadcast
        self._again_s = again_s

    async def events(self, scope: Message, receive: Receive, send: Send) -> None:
        """One client of `/events`, until it goes."""
        try:
            if scope["method"] != "GET":
                raise Problem(405, "events are read by GET")
            client, last_id = self._client(scope, Form.EVENTS)
        except Problem as exc:
            await respond(exc, scope, send, *([(b"allow", b"GET")] if exc.status == 405 else []))
            return
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})

        async def transmit(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        await transmit(_RETRY)
        await self._run(client, last_id, transmit, self._ends(scope, receive))
        with suppress(OSError):
            await send({"type": "http.response.body", "body": b""})

    async def socket(self, scope: Message, receive: Receive, send: Send) -> None:
        """One client of `/ws`, until it goes. A page of another site must not listen with a visitor's cookie."""
        await receive()
        try:
            if not _is_of_this_site(scope):
                raise Problem(403, "another site's page may not listen")
            client, last_id = self._client(scope, Form.JSON)
        except Problem:
            await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "websocket.accept"})

        async def transmit(data: bytes) -> None:
            for line in data.splitlines():
                await send({"type": "websocket.send", "text": line.decode()})

        await self._run(client, last_id, transmit, self._ends(scope, receive))
        with suppress(OSError, RuntimeError):
            await send({"type": "websocket.close", "code": 1001})

    def _client(self, scope: Message, form: Form) -> tuple[Client, str | None]:
        """Who comes, and the last id that it has. Raises Problem."""
        access: Access | None = scope.get(ACCESS)
        if access is None:
            raise Problem(401, "sign in to see what changes")
        if len(self._broadcast) >= _MOST_CLIENTS:
            raise Problem(503, "too many look already; come again", retry_after_s=30)
        query = {name: value for name, value in params.pairs(scope["query_string"]) if len(value) <= 400}
        known = {name: value for name, value in query.items() if name in PARAMS}
        wanted = filter_of(Visit(path=scope["path"], query=known, cookies=cookies(scope), access=access))
        header = next((value for name, value in scope["headers"] if name == b"last-event-id"), b"").decode("latin-1")
        return Client(wanted=wanted, run=query.get("run", ""), form=form), header or query.get("since")

    def _ends(self, scope: Message, receive: Receive) -> Ends:
        """What ends a stream: its client goes, or may no longer listen."""
        return asyncio.ensure_future(_until_gone(receive)), asyncio.ensure_future(_until_refused(scope, self._again_s))

    async def _run(self, client: Client, last_id: str | None, transmit: Transmit, ends: Ends) -> None:
        self._broadcast.join(client, last_id)
        for each in ends:
            each.add_done_callback(lambda _: client.woken.set())
        try:
            async with asyncio.timeout(_LONGEST_S * random.uniform(0.8, 1.2)):  # noqa: S311  so that not all come at once
                await _pump(client, ends, transmit)
        except (TimeoutError, OSError):
            pass
        finally:
            self._broadcast.leave(client)
            for each in ends:
                each.cancel()


async def _pump(client: Client, ends: Ends, transmit: Transmit) -> None:
    """Send what waits until either side ends it."""
    while not (client.closed or any(each.done() for each in ends)):
        if data := client.take():
            await transmit(data)
        else:
            await client.woken.wait()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


async def _until_refused(scope: Message, every_s: float) -> None:
    """Until who listens may no longer, or may see other repositories than at first."""
    first: Access = scope[ACCESS]
    while True:
        await asyncio.sleep(every_s)
        try:
            now: Access = await scope[ASK_AGAIN]()
        except Problem as exc:
            if exc.status == 503:  # the database is away: that says nothing of the asker
                continue
            return
        if (now.name, now.scopes, now.patterns, now.within) != (first.name, first.scopes, first.patterns, first.within):
            return


def _is_of_this_site(scope: Message) -> bool:
    """Whether the page that asks is ours; a program that is not a browser sends no origin."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    return origin is None or origin.partition(b"://")[2] == headers.get(b"host")
