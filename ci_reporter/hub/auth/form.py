"""What a small request brings: its body, of some size and within some time, and the fields of a form."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from ci_reporter.hub.asgi import Message, Receive
from ci_reporter.hub.auth.request import header
from ci_reporter.hub.problem import Problem

_LARGEST = 64 * 1024
_MOST_FIELDS = 100
_BODY_S = 10.0


async def fields(scope: Message, receive: Receive) -> dict[str, str]:
    """The fields by their names; of one that is there twice the last. Raises Problem: 400, 408, 413, 415."""
    kind = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Problem(415, "a form is application/x-www-form-urlencoded")
    body = await read_body(receive)
    try:
        return dict(
            parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
        )
    except ValueError:
        raise Problem(400, f"the form is not UTF-8 text, or has more than {_MOST_FIELDS} fields") from None


async def read_body(receive: Receive, most: int = _LARGEST) -> bytes:
    """The whole body. Raises Problem: 400, 408, 413."""
    try:
        async with asyncio.timeout(_BODY_S):
            return await _body(receive, most)
    except TimeoutError:
        raise Problem(408, f"the request did not arrive within {_BODY_S:g} s") from None


async def _body(receive: Receive, most: int) -> bytes:
    found = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the request was cut short")
        found += message.get("body", b"")
        more = message.get("more_body", False)
        if len(found) > most:
            raise Problem(413, f"the request has more than {most} bytes")
    return bytes(found)
