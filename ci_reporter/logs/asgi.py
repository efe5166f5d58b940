"""ASGI: what a request brings (`X-CI-Run-ID`, `traceparent`, `baggage`) is the context while the app works for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping

from ci_reporter.logs.carriers import from_headers
from ci_reporter.logs.current import use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Message, Receive, Send], Awaitable[None]]

_CARRIERS = frozenset((b"x-ci-run-id", b"traceparent", b"tracestate", b"baggage"))
_LISTS = ("tracestate", "baggage")  # of the others only one may be there


class ContextMiddleware:
    """`app` with the context of its requests and sockets; those that `trust` says no to get one of their own."""

    def __init__(self, app: App, *, trust: Callable[[Message], bool] = lambda _: True) -> None:
        self._app = app
        self._trust = trust

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hand over."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        with use(from_headers(_carriers(scope) if self._trust(scope) else {})):
            await self._app(scope, receive, send)


def _carriers(scope: Message) -> dict[str, str]:
    """Ours among the headers; a list that came in several lines is one."""
    found: dict[str, str] = {}
    for raw, value in scope["headers"]:
        if raw.lower() in _CARRIERS:
            name, text = raw.decode("ascii").lower(), value.decode("latin-1").strip(" \t")
            known = found.get(name)
            found[name] = text if known is None else f"{known},{text}" if name in _LISTS else ""
    return found
