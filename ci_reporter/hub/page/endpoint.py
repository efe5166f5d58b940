"""The pages as an ASGI app: path → view → a reader's thread → HTML with its headers, or a problem as a page."""

from __future__ import annotations

import asyncio
import gzip
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import quote, unquote

from ci_reporter.hub.api import params
from ci_reporter.hub.api.readers import Readers
from ci_reporter.hub.asgi import Message, Receive, Send, send_answer
from ci_reporter.hub.auth.access import ACCESS, Access
from ci_reporter.hub.encoding import accepts_gzip
from ci_reporter.hub.page import assets
from ci_reporter.hub.page.rendering import render
from ci_reporter.hub.page.view import Answer, View, Visit, cookies, origin
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store.reading import Reading

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SAFETY = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
_WORTH_ZIPPING = 1024
_LONGEST_VALUE = 400
_log = logging.getLogger("ci_reporter.hub.page")


class Pages:
    """The pages over a database. The guard before them has left the `Access` of who asks."""

    def __init__(
        self,
        readers: Readers,
        views: Sequence[View],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._readers = readers
        self._views = [(tuple(view.path.split("/")), view) for view in views]
        self._clock = clock

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG002  no body is read
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise Problem(405, "a page is read by GET")
            if scope["path"].startswith(assets.PREFIX):
                await _send_asset(scope, send)
                return
            answer = await self._answer(scope)
        except Problem as exc:
            answer = self._refusal(exc, scope)
        except Exception:  # noqa: BLE001  a defect of ours is a page, too, and must not end the connection
            _log.exception("a page could not be made: %s", scope["path"][:200])
            answer = self._refusal(Problem(500, "the hub has a defect; its log has the details"), scope)
        await send_page(answer, scope, send)

    async def _answer(self, scope: Message) -> Answer:
        found = self._view((scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1"))
        if found is None:
            raise Problem(404, "there is no such page")
        view, names = found
        access: Access | None = scope.get(ACCESS)
        if access is None:
            raise Problem(401, "sign in to see this page")
        visit = self._visit(scope, names, access, view.params)
        if view.in_memory:
            return await asyncio.to_thread(view.in_memory, visit)
        return await self._readers.run(partial(_answer_view, view, visit))

    def _view(self, path: str) -> tuple[View, dict[str, str]] | None:
        """The view of a path. A name may hold an encoded slash, so the path is cut before it is decoded."""
        pieces = path.split("/")
        for pattern, view in self._views:
            if len(pattern) == len(pieces) and all(
                want == got or (want.startswith("{") and got) for want, got in zip(pattern, pieces, strict=True)
            ):
                pairs = zip(pattern, pieces, strict=True)
                return view, {want[1:-1]: unquote(got) for want, got in pairs if want.startswith("{")}
        return None

    def _visit(self, scope: Message, names: Mapping[str, str], access: Access, known: Sequence[str]) -> Visit:
        """The request. What a page does not know is passed over: links get parameters of their own on their way."""
        given = {name: value for name, value in params.pairs(scope["query_string"]) if name in known}
        for name, value in given.items():
            if len(value) > _LONGEST_VALUE:
                raise Problem(400, f"{name}: expected at most {_LONGEST_VALUE} characters", field=name)
        return Visit(
            path=scope["path"],
            query_string=scope["query_string"].decode("latin-1"),
            names=names,
            query=given,
            cookies=cookies(scope),
            origin=origin(scope),
            access=access,
            now_ms=round(self._clock() * 1000),
        )

    def _refusal(self, problem: Problem, scope: Message) -> Answer:
        visit = Visit(path=scope["path"], cookies=cookies(scope), origin=origin(scope))
        return Answer(render("problem.html", visit=visit, problem=problem), status=problem.status)


def _answer_view(view: View, visit: Visit, reading: Reading) -> Answer:
    if view.answer is None:
        raise LookupError(f"the view of {view.path} answers nothing")
    return view.answer(reading, visit)


async def send_page(answer: Answer, scope: Message, send: Send) -> None:
    """Send a page with its headers, zipped where that is taken."""
    body = answer.body.encode("utf-8", "replace")
    headers = [(b"content-type", answer.kind.encode()), (b"cache-control", b"private, no-cache"), *SAFETY]
    headers.append((b"vary", b"accept-encoding, cookie, authorization"))
    if len(body) > _WORTH_ZIPPING and accepts_gzip(scope["headers"]):
        body = gzip.compress(body, 1, mtime=0)
        headers.append((b"content-encoding", b"gzip"))
    await send_answer(scope, send, answer.status, headers, body)


async def _send_asset(scope: Message, send: Send) -> None:
    found = assets.by_path().get(scope["path"])
    if found is None:
        raise Problem(404, "there is no such file")
    zipped = accepts_gzip(scope["headers"])
    headers = [(b"content-type", found.kind), _FOR_EVER, (b"x-content-type-options", b"nosniff")]
    headers += [(b"vary", b"accept-encoding")] + ([(b"content-encoding", b"gzip")] if zipped else [])
    await send_answer(scope, send, 200, headers, found.zipped if zipped else found.body)
