"""The words of ASGI, and what the server is made of: endpoints by the start of their path, services beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, NamedTuple, Protocol

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]
_WITHOUT_BODY = (204, 304)


async def send_answer(scope: Message, send: Send, status: int, headers: Iterable[Header], body: bytes = b"") -> None:
    """Send a whole answer; to HEAD without the body, and with the length that it would have."""
    length = [] if status in _WITHOUT_BODY else [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class Mount(NamedTuple):
    """An application and where it is: at a path, or below it where the path ends with a slash, but for `/` itself.

    `takes_sockets`: whether a WebSocket is for it, too; elsewhere one is refused.
    """

    path: str
    application: Application
    takes_sockets: bool = False

    def serves(self, path: str) -> bool:
        """Whether a request for this path is for it."""
        return path.startswith(self.path) if self.path.endswith("/") and self.path != "/" else path == self.path


class Service(Protocol):
    """What works beside the requests, from the start of the server to its end."""

    async def start(self) -> None:
        """Begin; the event loop runs, no request has come yet."""

    async def stop(self) -> None:
        """End what it began and let go of what it holds; no request is being answered any more."""
