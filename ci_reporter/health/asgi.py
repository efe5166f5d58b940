"""ASGI: the endpoints before an app, whose requests are counted; all else passes through as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter

from ci_reporter.health.checks import results_async
from ci_reporter.health.routes import asgi_route
from ci_reporter.health.service import Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Message = MutableMapping[str, Any]
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

_CLIENT_GONE = 499  # nginx's number for an answer nobody waited for


class HealthMiddleware:
    """`app` with the endpoints of `health` before it; `route` gives a request's route template from its scope."""

    def __init__(self, app: App | None, health: Service, *, route: Callable[[Scope], str | None] = asgi_route) -> None:
        self._app = app or _not_found
        self._health = health
        self._endpoints = health.endpoints
        self._begin = health.traffic.begin
        self._end = health.traffic.end
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand over and count."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                self._health.draining.install()  # by now the server has set its own handler of SIGTERM
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if scope.get("root_path"):
            path = path.removeprefix(scope["root_path"])
        if path in self._endpoints:
            await self._answer(self._endpoints[path], scope, send)
            return
        code = 0
        ended = False
        self._begin()
        began = perf_counter()

        def observe(message: Message) -> Awaitable[None]:
            nonlocal code, ended
            kind = message["type"]
            if kind == "http.response.start":
                code = message["status"]
            elif kind == "http.response.body" and not message.get("more_body") and not ended:
                ended = True
                return self._last(message, send, scope, code, began)
            return send(message)

        try:
            await self._app(scope, receive, observe)
        except asyncio.CancelledError:
            code = code or _CLIENT_GONE
            raise
        finally:
            if not ended:
                self._end(scope["method"], self._route(scope), code or 500, perf_counter() - began)

    async def _last(self, message: Message, send: Send, scope: Scope, code: int, began: float) -> None:
        try:
            await send(message)
        finally:
            self._end(scope["method"], self._route(scope), code, perf_counter() - began)

    async def _answer(self, endpoint: str, scope: Scope, send: Send) -> None:
        method = scope["method"]
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
        found = await results_async(self._health.runners_for(endpoint, method))
        reply = self._health.reply(endpoint, method, accept, found)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """The app where there is none."""
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    else:
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"10")]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else b"not found\n"})
