"""What a request is refused with: RFC 9457, `application/problem+json`."""

from __future__ import annotations

import json
from http import HTTPStatus

from ci_reporter.hub.asgi import Header, Message, Send, send_answer

CONTENT_TYPE = b"application/problem+json"


class Problem(Exception):
    """A request that is refused: status, a sentence that says why, the field at fault, when to come again."""

    def __init__(self, status: int, detail: str, *, field: str | None = None, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field
        self.retry_after_s = retry_after_s

    def body(self) -> bytes:
        """The document: `about:blank` is RFC 9457's type for what the status says already."""
        known = {"type": "about:blank", "title": HTTPStatus(self.status).phrase, "status": self.status}
        more = {"field": self.field} if self.field else {}
        return (json.dumps(known | {"detail": self.detail} | more) + "\n").encode()


async def respond(problem: Problem, scope: Message, send: Send, *more: Header) -> None:
    """Send it, with what its status asks for.

    There is no challenge for Basic, though it is taken: browsers would answer it with a window of their own.
    """
    headers = [(b"content-type", CONTENT_TYPE), (b"cache-control", b"no-store"), *more]
    if problem.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="ci-reporter hub"'))
    if problem.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_after_s))
    if problem.status in (408, 413):  # the rest of the body is still to come, and nobody will read it
        headers.append((b"connection", b"close"))
    await send_answer(scope, send, problem.status, headers, problem.body())
