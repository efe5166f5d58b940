"""The fields of a form that was sent: `application/x-www-form-urlencoded`, of some size."""

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
    try:
        async with asyncio.timeout(_BODY_S):
            body = await _body(receive)
    except TimeoutError:
        raise Problem(408, f"the form did not arrive within {_BODY_S:g} s") from None
    try:
        return dict(
            parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
        )
    except ValueError:
        raise Problem(400, f"the form is not UTF-8 text, or has more than {_MOST_FIELDS} fields") from None


async def _body(receive: Receive) -> bytes:
    found = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the request was cut short")
        found += message.get("body", b"")
        more = message.get("more_body", False)
        if len(found) > _LARGEST:
            raise Problem(413, f"the form has more than {_LARGEST} bytes")
    return bytes(found)
