"""The body of a request: whole, within a time, within limits of its own and of all that are on their way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ci_reporter.hub.asgi import Receive
from ci_reporter.hub.ingest.parsing import MOST_BYTES, too_large
from ci_reporter.hub.problem import Problem

BODY_S = 10.0  # for all of a body
_MOST_READING_BYTES = 64 * 1024**2  # of the bodies that are on their way


class Bodies:
    """The bodies that an endpoint reads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._reading_bytes = 0

    async def read(self, receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
        """The whole body; most of them have come with their head. Raises Problem."""
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the request was cut short")
        first: bytes = message.get("body", b"")
        if not message.get("more_body"):
            if len(first) > self._most_bytes:
                raise too_large(self._most_bytes)
            return first
        pieces = [first]
        try:
            async with asyncio.timeout(BODY_S):
                await self._read_rest(receive, pieces)
        except TimeoutError:
            raise Problem(408, f"the body did not arrive within {BODY_S:g} s") from None
        body = b"".join(pieces)
        expected = headers.get(b"content-length")
        if expected is not None and int(expected) != len(body):
            raise Problem(400, "the body is shorter than its Content-Length")
        return body

    async def _read_rest(self, receive: Receive, pieces: list[bytes]) -> None:
        """Append what else comes; all that is being read at one time is limited, too."""
        size = len(pieces[0])
        self._reading_bytes += size
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Problem(400, "the request was cut short")
                piece = message.get("body", b"")
                size += len(piece)
                self._reading_bytes += len(piece)
                if size > self._most_bytes:
                    raise too_large(self._most_bytes)
                if self._reading_bytes > _MOST_READING_BYTES:
                    raise Problem(503, "too many requests are being received; come again", retry_after_s=1)
                pieces.append(piece)
                more = message.get("more_body", False)
        finally:
            self._reading_bytes -= size
