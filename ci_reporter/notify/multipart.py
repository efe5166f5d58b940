"""A form with a file, as browsers send it. Source: RFC 7578, "multipart/form-data"."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.http import Request


def form_request(url: str, fields: Mapping[str, str], file: tuple[str, str, bytes]) -> Request:
    """A POST of these fields, and of a picture: the name of its field, of the file, and what is in it."""
    from ci_reporter.http import Request

    field, name, content = file
    boundary = secrets.token_hex(16)  # cannot stand in what others have written, who do not know it
    parts = [
        *(_part(boundary, f'name="{each}"', value.encode("utf-8", "replace")) for each, value in fields.items()),
        _part(boundary, f'name="{field}"; filename="{name}"\r\nContent-Type: image/png', content),
        f"--{boundary}--\r\n".encode(),
    ]
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return Request(method="POST", url=url, body=b"".join(parts), headers=kind)


def _part(boundary: str, about: str, content: bytes) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {about}\r\n\r\n".encode() + content + b"\r\n"
