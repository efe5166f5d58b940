"""The API as an ASGI app: path → method → parameters → a reader's thread → JSON with an ETag, or a problem.

An asker's rights are looked at before, by the guard, which leaves an `Access` in the ASGI scope.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

from ci_reporter.hub.api import params, silences
from ci_reporter.hub.api.masking import is_suspect, masked
from ci_reporter.hub.api.openapi import PREFIX, document
from ci_reporter.hub.api.readers import Readers
from ci_reporter.hub.api.route import Query, Route
from ci_reporter.hub.api.routes import ROUTES
from ci_reporter.hub.asgi import Message, Receive, Send, send_answer
from ci_reporter.hub.auth.access import ACCESS, REFUSAL, Access
from ci_reporter.hub.encoding import accepts_gzip
from ci_reporter.hub.problem import Problem, respond
from ci_reporter.hub.store.reading import Reading

_ALLOWED = b"GET, HEAD, OPTIONS"
_JSON = b"application/json"
_LONGEST_PATH = 2000
_WORTH_GZIP = 1000  # bytes; less fits into one packet with or without
_GZIP_LEVEL = 5
_VARY = b"authorization, cookie, accept-encoding"
_log = logging.getLogger("ci_reporter.hub.api")


class _Answer(NamedTuple):
    """What is sent, before it is known whether the asker has it already."""

    body: bytes
    etag: bytes
    next_cursor: str | None = None
    is_gzip: bool = False


class Api:
    """The API over a database. `close` lets go of it."""

    def __init__(self, readers: Readers, *, clock: Callable[[], float] = time.time) -> None:
        self._readers = readers
        self._clock = clock
        self._openapi = _encode(document(ROUTES, silences.PATHS, silences.SCHEMAS))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG002  no body is read
        """Answer one request."""
        try:
            answer = await self._answer(scope)
        except Problem as exc:
            await respond(exc, scope, send, *([(b"allow", _ALLOWED)] if exc.status == 405 else []))
        except Exception:  # noqa: BLE001  a defect of ours is an answer, too, and must not end the connection
            _log.exception("a request could not be answered: %s", scope["path"][:200])
            await respond(Problem(500, "the hub has a defect; its log has the details"), scope, send)
        else:
            await _reply(answer, scope, send)

    def close(self) -> None:
        """Let go of the database."""
        self._readers.close()

    async def _answer(self, scope: Message) -> _Answer | None:
        """What is answered; None for a question about methods."""
        path = _path(scope)
        found = (self._openapi, {}) if path == ["openapi.json"] else _route(path)
        if found is None:
            raise Problem(404, f"there is nothing here; {PREFIX}/openapi.json tells what there is")
        if scope["method"] == "OPTIONS":
            return None
        if scope["method"] not in ("GET", "HEAD"):
            raise Problem(405, "the API is read by GET")
        what, names = found
        zipped = accepts_gzip(scope["headers"])
        if isinstance(what, _Answer):
            return _in_gzip(what) if zipped else what
        access: Access | None = scope.get(ACCESS)
        if access is None:  # no guard stands before us
            raise Problem(401, REFUSAL)
        values = params.read(scope["query_string"], what.params)
        query = Query(values=values, path=names, access=access, now_ms=round(self._clock() * 1000))
        return await self._readers.run(_job(what, query, zipped=zipped))


def _job(route: Route, query: Query, *, zipped: bool) -> Callable[[Reading], _Answer]:
    """All of the work is done in the reader's thread, JSON and gzip too."""

    def answer(reading: Reading) -> _Answer:
        found = _encode(route.answer(reading, query))
        return _in_gzip(found) if zipped else found

    return answer


def _in_gzip(answer: _Answer) -> _Answer:
    """The answer in gzip, where that is worth it. Other bytes have another ETag: it says which bytes there are."""
    if len(answer.body) < _WORTH_GZIP:
        return answer
    body = gzip.compress(answer.body, _GZIP_LEVEL, mtime=0)
    return answer._replace(body=body, etag=answer.etag[:-1] + b'-gzip"', is_gzip=True)


def _encode(found: Mapping[str, Any]) -> _Answer:
    text = json.dumps(found, ensure_ascii=False)
    if is_suspect(text):
        text = json.dumps(masked(found), ensure_ascii=False)
    body = text.encode("utf-8", "replace") + b"\n"
    return _Answer(body, b'"%s"' % hashlib.sha256(body).hexdigest()[:32].encode(), found.get("next_cursor"))


def _path(scope: Message) -> list[str]:
    """The pieces of the path behind the prefix. A piece may hold an encoded slash, so they are cut before decoding."""
    raw = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    if len(raw) > _LONGEST_PATH:
        raise Problem(404, "there is nothing at so long a path")
    try:
        return [unquote(piece, errors="strict") for piece in raw.removeprefix(f"{PREFIX}/").split("/")]
    except UnicodeDecodeError:
        raise Problem(400, "the path is not UTF-8 text") from None


def _route(path: Sequence[str]) -> tuple[Route, dict[str, str]] | None:
    for route in ROUTES:
        names = _match(route.path.strip("/").split("/"), path)
        if names is not None:
            return route, names
    return None


def _match(pattern: Sequence[str], path: Sequence[str]) -> dict[str, str] | None:
    """The values of the names in a path; None where it is another path."""
    if len(pattern) != len(path) or not all(path):
        return None
    pairs = list(zip(pattern, path, strict=True))
    if any(wanted != found for wanted, found in pairs if not wanted.startswith("{")):
        return None
    return {wanted[1:-1]: found for wanted, found in pairs if wanted.startswith("{")}


async def _reply(answer: _Answer | None, scope: Message, send: Send) -> None:
    if answer is None:
        await send_answer(scope, send, 204, [(b"allow", _ALLOWED)])
        return
    headers = [(b"etag", answer.etag), (b"cache-control", b"private, no-cache"), (b"vary", _VARY)]
    if answer.next_cursor:
        headers.append((b"link", _next_link(scope, answer.next_cursor)))
    if _has(scope, answer.etag):
        await send_answer(scope, send, 304, headers)
    else:
        headers += [(b"content-encoding", b"gzip")] if answer.is_gzip else []
        await send_answer(scope, send, 200, [(b"content-type", _JSON), *headers], answer.body)


def _has(scope: Message, etag: bytes) -> bool:
    """Whether the asker has this answer already, in gzip or not.

    Source: RFC 9110, 13.1.2: a weak comparison, `*` is any.
    """
    given = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    known = {each.strip().removeprefix(b"W/").replace(b'-gzip"', b'"') for each in given.split(b",")}
    return not known.isdisjoint((etag.replace(b'-gzip"', b'"'), b"*"))


def _next_link(scope: Message, cursor: str) -> bytes:
    """The same question with another cursor, as RFC 8288 writes it; relative, so that it holds behind any proxy."""
    pairs = params.pairs(scope["query_string"])
    query = urlencode([*((name, value) for name, value in pairs if name != "cursor"), ("cursor", cursor)])
    return f'<?{query}>; rel="next"'.encode()
