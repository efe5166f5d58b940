"""`/api/v1/silences`: what tells nobody for a time, to be read, added, and ended.

To read them needs `read`; to add or end one, `silence`. Who sees only some repositories may silence only these.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ci_reporter.config import values
from ci_reporter.errors import StoreError
from ci_reporter.hub.api import schemas
from ci_reporter.hub.asgi import Message, Receive, Send, send_answer
from ci_reporter.hub.auth.access import ACCESS, REFUSAL, Access, Scope
from ci_reporter.hub.auth.form import read_body
from ci_reporter.hub.auth.request import header
from ci_reporter.hub.problem import Problem, respond
from ci_reporter.hub.silences import matchers
from ci_reporter.hub.silences.silence import Phase, Silence, Silences, new_silence
from ci_reporter.model import rfc3339, seconds_of

PATH = "/api/v1/silences"
_LARGEST = 16 * 1024
_KEYS = ("matchers", "starts_at", "ends_at", "duration", "author", "comment")
SILENCE = schemas.record(
    silence_id=schemas.TEXT,
    state={"enum": [*Phase]},
    matchers=schemas.listed(schemas.TEXT),
    starts_at=schemas.MOMENT,
    ends_at=schemas.MOMENT,
    author=schemas.TEXT,
    comment=schemas.TEXT,
    created_at=schemas.MOMENT,
)
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}
_REFUSALS = ("400", "401", "403", "503")
NEW_SILENCE: schemas.Schema = {
    "type": "object",
    "properties": {
        "matchers": {"type": "array", "items": schemas.TEXT, "minItems": 1, "maxItems": 20},
        "starts_at": schemas.MOMENT,
        "ends_at": schemas.MOMENT,
        "duration": schemas.TEXT,
        "author": schemas.TEXT,
        "comment": schemas.TEXT,
    },
    "required": ["matchers", "comment"],
    "additionalProperties": False,
}
SCHEMAS = {"silence": SILENCE, "silences": schemas.record(items=schemas.listed(SILENCE)), "new_silence": NEW_SILENCE}
_log = logging.getLogger("ci_reporter.hub.api")


def _answers(schema: str, words: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": words, "content": content}


_NO = {"description": "It is refused.", "content": _PROBLEM}
_NAME = {"name": "silence_id", "in": "path", "required": True, "schema": schemas.TEXT}
PATHS: Mapping[str, Any] = {
    PATH: {
        "get": {
            "operationId": "silences",
            "summary": "Silences, those that end last first.",
            "responses": {"200": _answers("silences", "Found."), "401": _NO, "503": _NO},
        },
        "post": {
            "operationId": "add_silence",
            "summary": "Silence alerts for a time; it needs the scope silence.",
            "requestBody": {"required": True, **_answers("new_silence", "Until ends_at, or for a duration.")},
            "responses": {"201": _answers("silence", "Added."), **dict.fromkeys(_REFUSALS, _NO)},
        },
    },
    f"{PATH}/{{silence_id}}": {
        "delete": {
            "operationId": "expire_silence",
            "summary": "End a silence now; it needs the scope silence.",
            "parameters": [_NAME],
            "responses": {"200": _answers("silence", "Ended."), "404": _NO, **dict.fromkeys(_REFUSALS, _NO)},
        }
    },
}


class _Reply(NamedTuple):
    """What is answered."""

    status: int
    document: Mapping[str, Any]
    headers: tuple[tuple[bytes, bytes], ...] = ()


class SilencesApi:
    """The endpoint over a database."""

    def __init__(self, silences: Silences, clock: Callable[[], float] = time.time) -> None:
        self._silences = silences
        self._clock = clock

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            reply = await self._reply(scope, receive)
        except Problem as exc:
            allowed = b"GET, HEAD, POST" if scope["path"] == PATH else b"DELETE"
            await respond(exc, scope, send, *([(b"allow", allowed)] if exc.status == 405 else []))
        except StoreError as exc:
            _log.warning("a request could not be answered: %s", exc)
            await respond(Problem(503, "the hub's database cannot be used now", retry_after_s=5), scope, send)
        else:
            await _send(reply, scope, send)

    async def _reply(self, scope: Message, receive: Receive) -> _Reply:
        access: Access | None = scope.get(ACCESS)
        if access is None:
            raise Problem(401, REFUSAL)
        method, name = scope["method"], scope["path"].removeprefix(PATH).strip("/")
        now_ms = round(self._clock() * 1000)
        if not name and method in ("GET", "HEAD"):
            return await self._every(access, now_ms)
        if not name and method == "POST":
            access.require(Scope.SILENCE)
            return await self._add(access, await _object(scope, receive), now_ms)
        if name and method == "DELETE":
            access.require(Scope.SILENCE)
            return await self._expire(access, name, now_ms)
        raise Problem(405, "silences are read by GET, added by POST, and ended by DELETE of one")

    async def _every(self, access: Access, now_ms: int) -> _Reply:
        found = await asyncio.to_thread(self._silences.every)
        return _Reply(200, {"items": [_document(each, now_ms) for each in found if may_touch(access, each)]})

    async def _add(self, access: Access, given: Mapping[str, Any], now_ms: int) -> _Reply:
        silence = silence_of(access, given, now_ms)
        if not may_touch(access, silence):
            raise Problem(403, f"{access.name} sees some repositories: name one of them (repository=acme/shop)")
        await asyncio.to_thread(self._silences.add, silence)
        place = (b"location", f"{PATH}/{silence.silence_id}".encode())
        until = rfc3339(silence.ends_ms / 1000)
        _log.info("%s silences %s until %s, as %s", access.name, ", ".join(_texts(silence)), until, silence.author)
        return _Reply(201, _document(silence, now_ms), (place,))

    async def _expire(self, access: Access, silence_id: str, now_ms: int) -> _Reply:
        known = {each.silence_id: each for each in await asyncio.to_thread(self._silences.every)}
        if silence_id not in known or not may_touch(access, known[silence_id]):
            raise Problem(404, "there is no such silence")
        await asyncio.to_thread(self._silences.expire, silence_id, now_ms)
        _log.info("%s has ended the silence of %s", access.name, ", ".join(_texts(known[silence_id])))
        now = {each.silence_id: each for each in await asyncio.to_thread(self._silences.every)}
        return _Reply(200, _document(now[silence_id], now_ms))


def silence_of(access: Access, given: Mapping[str, Any], now_ms: int) -> Silence:
    """The silence that a document asks for. Raises Problem."""
    for name in given:
        if name not in _KEYS:
            raise Problem(400, f"{name[:100]!r} is not known (known: {', '.join(_KEYS)})", field=name[:100])
    starts_ms = _moment(given, "starts_at") or now_ms
    try:
        return new_silence(
            _matchers(given),
            starts_ms=starts_ms,
            ends_ms=_end(given, starts_ms),
            author=_text(given, "author") or access.name,
            comment=_text(given, "comment"),
            now_ms=now_ms,
        )
    except ValueError as exc:
        raise Problem(400, str(exc)) from None


def _matchers(given: Mapping[str, Any]) -> list[matchers.Matcher]:
    texts = given.get("matchers")
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise Problem(400, 'matchers is a list of texts, such as ["repository=acme/shop"]', field="matchers")
    found = []
    for text in texts:
        try:
            found.append(matchers.parse(text))
        except ValueError as exc:
            raise Problem(400, f"the matcher {text[:100]!r} {exc}", field="matchers") from None
    return found


def _end(given: Mapping[str, Any], starts_ms: int) -> int:
    if ("ends_at" in given) == ("duration" in given):
        raise Problem(400, 'a silence has either ends_at or duration (write "duration": "2h")', field="ends_at")
    if "ends_at" in given:
        return _moment(given, "ends_at") or 0
    try:
        return starts_ms + round(values.duration_with_unit_s(_text(given, "duration")) * 1000)
    except ValueError as exc:
        raise Problem(400, f"duration {exc}", field="duration") from None


def _moment(given: Mapping[str, Any], name: str) -> int | None:
    if name not in given:
        return None
    found = given[name]
    at_s = seconds_of(found) if isinstance(found, str) else None
    if at_s is None:
        raise Problem(400, f"{name} is not a time such as 2026-01-31T12:00:00Z", field=name)
    return round(at_s * 1000)


def _text(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name, "")
    if not isinstance(found, str):
        raise Problem(400, f"{name} is not a text", field=name)
    return "".join(each for each in found if each.isprintable())


def may_touch(access: Access, silence: Silence) -> bool:
    """Whether it is about a repository that the asker sees."""
    named = (each.value for each in silence.matchers if (each.name, each.operator) == ("repository", "="))
    return access.patterns is None or any(access.sees(each) for each in named)


def _document(silence: Silence, now_ms: int) -> dict[str, Any]:
    return {
        "silence_id": silence.silence_id,
        "state": str(silence.phase(now_ms)),
        "matchers": _texts(silence),
        "starts_at": rfc3339(silence.starts_ms / 1000),
        "ends_at": rfc3339(silence.ends_ms / 1000),
        "author": silence.author,
        "comment": silence.comment,
        "created_at": rfc3339(silence.created_ms / 1000),
    }


def _texts(silence: Silence) -> list[str]:
    return [str(each) for each in silence.matchers]


async def _object(scope: Message, receive: Receive) -> Mapping[str, Any]:
    """The JSON object of a request. Raises Problem: 400, 408, 413, 415.

    Only JSON is taken: another site's page cannot make a browser send it without being asked for leave (CORS).
    """
    if (header(scope, b"content-type") or "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "a silence is sent as application/json")
    body = await read_body(receive, _LARGEST)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, "the request is not JSON") from None
    if not isinstance(found, dict):
        raise Problem(400, 'the request is not a JSON object (write {"matchers": ["repository=acme/shop"], …})')
    return found


async def _send(reply: _Reply, scope: Message, send: Send) -> None:
    body = json.dumps(reply.document, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *reply.headers]
    await send_answer(scope, send, reply.status, headers, body)
