"""What a request is refused with: RFC 9457, `application/problem+json`."""

from __future__ import annotations

import json
from http import HTTPStatus

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
