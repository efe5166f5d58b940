"""Bytes → JSON objects that may be reports: never more memory than the limits allow, whatever the bytes are."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ci_reporter.hub.problem import Problem

MOST_BYTES = 1024**2
MOST_REPORTS = 1000
MOST_DEPTH = 20
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


def unpack(body: bytes, encoding: bytes) -> bytes:
    """The body without its Content-Encoding; what would grow beyond the limit is refused there. Raises Problem."""
    if encoding in (b"", b"identity"):
        return body
    if encoding not in (b"gzip", b"x-gzip", b"deflate"):
        raise Problem(415, "Content-Encoding: only gzip, deflate and identity are understood")
    inflating = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        found = inflating.decompress(body, MOST_BYTES + 1)
    except zlib.error:
        raise Problem(400, "the body is not what its Content-Encoding says") from None
    if len(found) > MOST_BYTES:
        raise too_large()
    if not inflating.eof or inflating.unused_data:
        raise Problem(400, "the compressed body is cut short, or something follows it")
    return found


def too_large(most_bytes: int = MOST_BYTES) -> Problem:
    """The refusal of a body that has too many bytes."""
    hint = "; send fewer reports in one" if most_bytes == MOST_BYTES else ""
    return Problem(413, f"a request may have at most {most_bytes // 1024**2} MiB{hint}")


class Parsed(NamedTuple):
    """The objects of a body; of one alone also its text, where that is ASCII on one line and can be kept as it is."""

    reports: Sequence[Mapping[str, Any]]
    text: str | None


def flat_reports(body: bytes) -> Parsed:
    """The objects of a body: one, or those of an array. Raises Problem."""
    found = json_of(body)
    flats = found if isinstance(found, list) else [found]
    if len(flats) > MOST_REPORTS:
        raise Problem(413, f"{len(flats)} reports in one request, and {MOST_REPORTS} are the most")
    is_line = flats is not found and body.isascii() and b"\n" not in body and b"\r" not in body
    return Parsed(flats, body.decode("ascii").strip() if is_line else None)


def json_of(body: bytes) -> Any:
    """The JSON of a body, nested no deeper than anything that is meant for us. Raises Problem."""
    try:
        found = _DECODER.decode(body.decode("utf-8"))
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise Problem(400, "the body is not UTF-8 text") from None
    except ValueError as exc:
        raise Problem(400, f"the body is not JSON: {exc}") from None
    # A body with few brackets cannot be deep, and nearly every one is such a body.
    if body.count(b"[") + body.count(b"{") > MOST_DEPTH and _depth(found) > MOST_DEPTH:
        raise _too_deep()
    return found


def _too_deep() -> Problem:
    return Problem(400, f"the JSON is nested more than {MOST_DEPTH} deep")


def _depth(found: Any) -> int:
    """How deep lists and objects are nested, up to one more than is allowed."""
    level, depth = [found], 0
    while depth <= MOST_DEPTH:
        level = [each for each in level if isinstance(each, dict | list)]
        if not level:
            break
        depth += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return depth


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a number in JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
