"""`GET /events`: what changes, as server-sent events. Source: WHATWG HTML, "Server-sent events"."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from ci_reporter.hub.api import params
from ci_reporter.hub.asgi import Message, Receive, Send
from ci_reporter.hub.auth.access import ACCESS, Access
from ci_reporter.hub.page.live.broadcast import Broadcast, Client, Form
from ci_reporter.hub.page.view import Visit, cookies
from ci_reporter.hub.page.views.wall import PARAMS, filter_of
from ci_reporter.hub.problem import CONTENT_TYPE, Problem

EVENTS = "/events"
SOCKET = "/ws"
_LONGEST_S = 900.0  # then the client comes again, and is asked again who it is
_RETRY = b"retry: 1000\n\n"
_MOST_CLIENTS = 5000
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
Transmit = Callable[[bytes], Awaitable[None]]


class Streams:
    """`/events` and `/ws` over one broadcast."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast

    async def events(self, scope: Message, receive: Receive, send: Send) -> None:
        """One client of `/events`, until it goes."""
        try:
            if scope["method"] != "GET":
                raise Problem(405, "events are read by GET")
            client, last_id = self._client(scope, Form.EVENTS)
        except Problem as exc:
            await _refuse(exc, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})

        async def transmit(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        await transmit(_RETRY)
        await self._run(client, last_id, transmit, receive)
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

        await self._run(client, last_id, transmit, receive)
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

    async def _run(self, client: Client, last_id: str | None, transmit: Transmit, receive: Receive) -> None:
        self._broadcast.join(client, last_id)
        leaving = asyncio.ensure_future(_until_gone(receive))
        leaving.add_done_callback(lambda _: client.woken.set())
        try:
            async with asyncio.timeout(_LONGEST_S * random.uniform(0.8, 1.2)):  # noqa: S311  so that not all come at once
                await _pump(client, leaving, transmit)
        except (TimeoutError, OSError):
            pass
        finally:
            self._broadcast.leave(client)
            leaving.cancel()


async def _pump(client: Client, leaving: asyncio.Future[None], transmit: Transmit) -> None:
    """Send what waits until either side ends it."""
    while not (client.closed or leaving.done()):
        if data := client.take():
            await transmit(data)
        else:
            await client.woken.wait()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


def _is_of_this_site(scope: Message) -> bool:
    """Whether the page that asks is ours; a program that is not a browser sends no origin."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    return origin is None or origin.partition(b"://")[2] == headers.get(b"host")


async def _refuse(problem: Problem, send: Send) -> None:
    headers = [(b"content-type", CONTENT_TYPE), (b"cache-control", b"no-store")]
    if problem.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_after_s))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": problem.body()})
