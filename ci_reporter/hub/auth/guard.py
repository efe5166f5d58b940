"""The guard before every route: it leaves the asker's Access in the ASGI scope, or answers itself.

A path is open, or looks after itself (what is signed), or needs a right: all that is not named here needs `read`. What
changes something asks for more by `scope[ACCESS].require(...)`.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from ci_reporter.errors import StoreError
from ci_reporter.hub.asgi import Application, Message, Receive, Send
from ci_reporter.hub.auth import csrf, users
from ci_reporter.hub.auth.access import ACCESS, ASK_AGAIN, REFUSAL, Access, Scope, everything
from ci_reporter.hub.auth.authenticator import Authenticator
from ci_reporter.hub.auth.recent import Recent
from ci_reporter.hub.auth.request import header, is_cross_site, is_local_name
from ci_reporter.hub.problem import Problem, respond
from ci_reporter.hub.store.tables import Tables

OPEN = ("/login", "/static/", "/favicon.ico", "/robots.txt")
SIGNED = ("/ci-report", "/webhooks/")
HEALTH = ("/health", "/livez", "/readyz")
ALIVE = "/livez"
METRICS = "/metrics"
LOGIN = "/login"
_PROGRAMS = ("/api/", METRICS)  # paths that no person opens: they are told, not led to the sign-in
# Each name by one look into the index, which DISTINCT would read from end to end: a database may have a million runs.
_NAMES = """
WITH RECURSIVE of_series (repository) AS (
  SELECT min(repository) FROM series
  UNION ALL SELECT (SELECT min(s.repository) FROM series s WHERE s.repository > f.repository)
  FROM of_series f WHERE f.repository IS NOT NULL
), of_runs (repository) AS (
  SELECT min(repository) FROM run
  UNION ALL SELECT (SELECT min(r.repository) FROM run r WHERE r.repository > f.repository)
  FROM of_runs f WHERE f.repository IS NOT NULL
)
SELECT repository FROM of_series WHERE repository IS NOT NULL
UNION SELECT repository FROM of_runs WHERE repository IS NOT NULL ORDER BY repository
"""
_FOREIGN_HOST = (
    "this hub needs no sign-in, so it answers only where the address is localhost or 127.0.0.1: another name may be a"
    " trick of a web page (to reach it by other names, let people sign in: ci-reporter hub user add)"
)
_FOREIGN_SITE = (
    "a page of another site has sent this request, or the proxy before the hub does not pass on the header Host"
)
_log = logging.getLogger("ci_reporter.hub.auth")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What needs no sign-in. `always`: sign-in is needed even while there is neither a user nor a token."""

    always: bool = False
    anonymous_reads: bool = False
    anonymous_metrics: bool = False


class Guard:
    """An application with the guard before it."""

    def __init__(self, application: Application, authenticator: Authenticator, tables: Tables, rules: Rules) -> None:
        self._application = application
        self._authenticator = authenticator
        self._rules = rules
        self._known = Recent[None, bool](lambda _: users.is_anybody_known(tables))
        self._names = Recent[None, tuple[str, ...]](lambda _: tuple(name for (name,) in tables.select(_NAMES)))
        self._everything = replace(everything(), csrf=csrf.token(users.hub_key(tables), "anonymous"))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        try:
            access = await self._access(scope)
        except Problem as exc:
            await _refuse(exc, scope, send)
            return
        scope[ACCESS] = access
        scope[ASK_AGAIN] = partial(self._access, scope)
        if access is None and scope["path"] in HEALTH:
            send = partial(_send_status_only, send, [])
        await self._application(scope, receive, send)

    async def is_open(self) -> bool:
        """Whether everybody who reaches this hub may do everything. Raises StoreError."""
        return not self._rules.always and not await self._known.get(None)

    async def sender(self, scope: Message) -> Access:
        """Who sends reports without a signature. Raises Problem."""
        access = await self._asker(scope)
        if access is None:
            raise Problem(401, REFUSAL)
        if is_cross_site(scope):
            raise Problem(403, _FOREIGN_SITE)
        access.require(Scope.INGEST)
        return access

    async def _access(self, scope: Message) -> Access | None:
        """What the asker may; None where the path is open to strangers. Raises Problem."""
        path = scope["path"]
        if path == ALIVE:  # without a question to the database: who gets no answer in time kills the process
            return None
        if _is_in(path, SIGNED):
            await self._check_host(scope)
            return None
        access = None
        try:
            access = await self._asker(scope)
        except Problem:
            if not _is_in(path, (*OPEN, *HEALTH)):
                raise
        if access is None and not _is_in(path, (*OPEN, *HEALTH)):
            access = self._anonymous(path)
        if access is None or path in HEALTH:
            return access if access and access.may(Scope.READ) else None
        if is_cross_site(scope):  # of a token, too: a proxy that signs people in adds it to whatever they send
            raise Problem(403, _FOREIGN_SITE)
        if not _is_in(path, OPEN):
            access.require(Scope.READ)
        return await self._with_repositories(access)

    def _anonymous(self, path: str) -> Access:
        if self._rules.anonymous_reads or (self._rules.anonymous_metrics and path == METRICS):
            return Access(ambient=True)
        raise Problem(401, REFUSAL)

    async def _asker(self, scope: Message) -> Access | None:
        """Whoever it is: without sign-in all may do everything, from this machine. Raises Problem."""
        if await self._check_host(scope):
            return self._everything
        return await self._authenticator.access(scope)

    async def _check_host(self, scope: Message) -> bool:
        """Whether the hub is open. Raises Problem for a name by which a web page could reach one that is."""
        if self._rules.always:
            return False
        try:
            is_open = await self.is_open()
        except StoreError as exc:
            _log.warning("it is not known who may sign in: %s", exc)
            raise Problem(503, "the hub's database cannot be read now", retry_after_s=5) from None
        host = header(scope, b"host")
        if is_open and host is not None and not is_local_name(host):
            raise Problem(421, _FOREIGN_HOST)
        return is_open

    async def _with_repositories(self, access: Access) -> Access:
        if access.patterns is None:
            return access
        try:
            return replace(access, repositories=access.visible(await self._names.get(None)))
        except StoreError as exc:
            _log.warning("it is not known which repositories there are: %s", exc)
            raise Problem(503, "the hub's database cannot be read now", retry_after_s=5) from None


def _is_in(path: str, places: tuple[str, ...]) -> bool:
    return any(path.startswith(each) if each.endswith("/") else path == each for each in places)


async def _refuse(problem: Problem, scope: Message, send: Send) -> None:
    """Say no: a person's browser is led to the sign-in, a WebSocket is not opened."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    if problem.status == 401 and _is_person(scope):
        target = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        place = f"{LOGIN}?next={quote(target, safe='/')}"
        headers = [(b"location", place.encode()), (b"content-length", b"0"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await respond(problem, scope, send)


def _is_person(scope: Message) -> bool:
    """Whether somebody opens a page without having been asked who they are."""
    names = {name for name, _ in scope["headers"]}
    accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
    is_page = scope["method"] in ("GET", "HEAD") and b"text/html" in accept
    return is_page and not _is_in(scope["path"], _PROGRAMS) and not names & {b"authorization", b"hx-request"}


async def _send_status_only(send: Send, held: list[Message], message: Message) -> None:
    """Send a health reply without what it tells of the hub's inside: strangers learn pass, warn or fail."""
    if message["type"] == "http.response.start":
        held.append(message)
        return
    head = held.pop()
    body = message.get("body", b"")
    if body:
        body = _status_only(body)
    headers = [(name, value) for name, value in head["headers"] if name != b"content-length"]
    head["headers"] = [*headers, (b"content-length", str(len(body)).encode())]
    await send(head)
    await send({**message, "body": body})


def _status_only(body: bytes) -> bytes:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return body
    return (json.dumps({"status": found.get("status")}) + "\n").encode()
