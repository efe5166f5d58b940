"""`/silences`: what tells nobody for a time: a list, a form to add one, a button to end one; all without script."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ci_reporter.errors import StoreError
from ci_reporter.hub.api.silences import may_touch, silence_of
from ci_reporter.hub.asgi import Application, Message, Receive, Send
from ci_reporter.hub.auth import csrf, form
from ci_reporter.hub.auth.access import ACCESS, Access, Scope
from ci_reporter.hub.page.endpoint import send_page
from ci_reporter.hub.page.rendering import render
from ci_reporter.hub.page.view import Answer, View, Visit, cookies, origin
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.silences.silence import Phase, Silence, Silences
from ci_reporter.hub.store.reading import Reading

PATH = "/silences"
_LABELS = ("repository", "pipeline", "branch", "environment")
_log = logging.getLogger("ci_reporter.hub.page")


def view(silences: Silences) -> View:
    """The list with its form; the names in the address are in the form already."""
    return View(path=PATH, answer=partial(_list, silences), params=_LABELS)


def _list(silences: Silences, _: Reading, visit: Visit) -> Answer:
    lines = [f"{name}={value}" for name, value in visit.some(*_LABELS).items()]
    return _page(silences.every(), visit, {"matchers": "\n".join(lines), "duration": "2h"})


def _page(found: Sequence[Silence], visit: Visit, given: Mapping[str, str], problem: Problem | None = None) -> Answer:
    seen = [each for each in found if may_touch(visit.access, each)]
    by_phase = {phase: [each for each in seen if each.phase(visit.now_ms) is phase] for phase in Phase}
    body = render(
        "silences.html",
        visit=visit,
        by_phase=by_phase,
        given=given,
        problem=problem,
        may_silence=visit.access.may(Scope.SILENCE),
    )
    return Answer(body, status=problem.status if problem else 200)


class SilenceForms:
    """The endpoint: GET goes to the pages, POST adds a silence or ends one, and leads back to the list."""

    def __init__(self, silences: Silences, pages: Application, clock: Callable[[], float] = time.time) -> None:
        self._silences, self._pages, self._clock = silences, pages, clock

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._pages(scope, receive, send)
            return
        given: dict[str, str] = {}
        try:
            given = await form.fields(scope, receive)
            await self._take(scope[ACCESS], given)
        except Problem as exc:
            await send_page(await self._again(scope, given, exc), scope, send)
        except StoreError as exc:
            _log.warning("a silence could not be kept: %s", exc)
            refused = Problem(503, "the hub's database cannot be used now")
            visit = Visit(path=PATH, cookies=cookies(scope), access=scope[ACCESS])
            await send_page(Answer(render("problem.html", visit=visit, problem=refused), status=503), scope, send)
        else:
            await send({"type": "http.response.start", "status": 303, "headers": [(b"location", PATH.encode())]})
            await send({"type": "http.response.body", "body": b""})

    async def _take(self, access: Access, given: Mapping[str, str]) -> None:
        csrf.check(access, given.get(csrf.FIELD))
        access.require(Scope.SILENCE)
        now_ms = round(self._clock() * 1000)
        if which := given.get("expire"):
            await self._expire(access, which, now_ms)
            return
        lines = [line for line in given.get("matchers", "").splitlines() if line.strip()]
        asked: dict[str, Any] = {name: given.get(name, "") for name in ("duration", "comment")}
        silence = silence_of(access, asked | {"matchers": lines}, now_ms)
        if not may_touch(access, silence):
            raise Problem(403, f"{access.name} sees some repositories: name one of them (repository=acme/shop)")
        await asyncio.to_thread(self._silences.add, silence)
        _log.info("%s silences %s", access.name, ", ".join(map(str, silence.matchers)))

    async def _expire(self, access: Access, which: str, now_ms: int) -> None:
        known = {each.silence_id: each for each in await asyncio.to_thread(self._silences.every)}
        if which not in known or not may_touch(access, known[which]):
            raise Problem(404, "there is no such silence")
        await asyncio.to_thread(self._silences.expire, which, now_ms)
        _log.info("%s has ended the silence of %s", access.name, ", ".join(map(str, known[which].matchers)))

    async def _again(self, scope: Message, given: Mapping[str, str], problem: Problem) -> Answer:
        """The form as it was sent, with what is wrong."""
        visit = Visit(
            path=PATH,
            cookies=cookies(scope),
            origin=origin(scope),
            access=scope[ACCESS],
            now_ms=round(self._clock() * 1000),
        )
        return _page(await asyncio.to_thread(self._silences.every), visit, given, problem)
