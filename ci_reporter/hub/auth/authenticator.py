"""Who asks: a request's credentials → its Access. Every way of being wrong has one answer, and takes as long."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ci_reporter.errors import StoreError
from ci_reporter.hub.asgi import Message
from ci_reporter.hub.auth import audit, csrf, passwords, secret, tokens, users
from ci_reporter.hub.auth.access import REFUSAL, Access
from ci_reporter.hub.auth.jsonwebtokens import Trust
from ci_reporter.hub.auth.passwords import Cost
from ci_reporter.hub.auth.recent import Recent
from ci_reporter.hub.auth.request import Basic, Proxies, cookie, credentials
from ci_reporter.hub.auth.throttle import Throttle
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store.tables import Tables

SESSION, SECURE_SESSION = "ci_reporter_session", "__Host-ci_reporter_session"
_AT_ONCE, _MOST_WAITING = 2, 32  # passwords that are verified: each takes 16 MiB and 0.2 s
_MOST_VERIFIED = 1000
_log = logging.getLogger("ci_reporter.hub.auth")


class Authenticator:
    """Looks at credentials. `trusts` say whose JSON Web Tokens are taken."""

    def __init__(
        self,
        tables: Tables,
        hub_key: bytes,
        *,
        trusts: Sequence[Trust] = (),
        proxies: Proxies | None = None,
        cost: Cost | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.proxies = proxies or Proxies()
        self.last_uses: dict[str, int] = {}
        self._trusts, self._clock = tuple(trusts), clock
        self._hub_key = hub_key
        self._tokens = Recent[str, tokens.Token | None](partial(tokens.find, tables))
        self._users = Recent[str, users.User | None](partial(users.find, tables))
        self._sessions = Recent[str, tuple[users.User, int] | None](partial(users.session, tables))
        self._throttle = Throttle()
        self._nobody = passwords.of_nobody(cost or Cost())
        self._verified: dict[bytes, str] = {}
        self._running: dict[tuple[bytes, str], asyncio.Task[users.User]] = {}
        self._key = os.urandom(32)
        self._verifying = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def access(self, scope: Message) -> Access | None:
        """What the asker may, None without credentials. Raises Problem: 401, 400, 429, 503.

        `Authorization` comes before a cookie.
        """
        given = credentials(scope)
        try:
            if given is None:
                return await self._of_session(scope)
            if isinstance(given, Basic):
                user = await self.user(given, self.proxies.address(scope))
                return user.access(csrf=csrf.token(self._hub_key, f"user {user.name}"))
            return await self._of_bearer(given.token, self.proxies.address(scope))
        except StoreError as exc:
            _log.warning("nobody can sign in: %s", exc)
            raise Problem(503, "the hub's database cannot be read now", retry_after_s=5) from None

    async def user(self, given: Basic, address: str) -> users.User:
        """The user of that name and password. Raises Problem, StoreError."""
        name = given.name.strip().lower()[:200]
        user = await self._users.get(name)
        # A password is verified once: whoever sends it with each request, as Prometheus does, costs a hash of it.
        fingerprint = hmac.digest(self._key, f"{name}\0{given.password}".encode("utf-8", "surrogateescape"), "sha256")
        if user and self._verified.get(fingerprint) == user.password:
            return user
        # Who sends the same several times at once, as a browser does for a page and what it shows, is one sign-in.
        key = (fingerprint, address)
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.create_task(self._sign_in(name, given.password, user, address))
            running.add_done_callback(partial(self._forget_running, key))
        found = await asyncio.shield(running)
        while len(self._verified) >= _MOST_VERIFIED:
            del self._verified[next(iter(self._verified))]
        self._verified[fingerprint] = found.password
        return found

    def _forget_running(self, key: tuple[bytes, str], task: asyncio.Task[users.User]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # it may be that nobody waits for it any more

    async def _sign_in(self, name: str, password: str, user: users.User | None, address: str) -> users.User:
        """The user, if the password is theirs. Raises Problem."""
        if wait_s := self._throttle.wait_s(name, address):
            raise Problem(429, "too many sign-ins have failed; come again later", retry_after_s=wait_s)
        # It counts from the beginning: else as many as come at once could be tried at once.
        self._throttle.note_failure(name, address)
        try:
            is_right = await self._matches(password, user.password if user else self._nobody)
        except Problem:
            self._throttle.withdraw(name, address)
            raise
        if not is_right or user is None:
            audit.note_refusal("a sign-in was refused", user=name, address=address)
            raise Problem(401, REFUSAL)
        self._throttle.withdraw(name, address)
        self._throttle.note_success(name, address)
        audit.note("a user has signed in", user=name, address=address)
        return user

    def session_key(self, scope: Message) -> str | None:
        """What the session's cookie has."""
        found = cookie(scope, SECURE_SESSION if self.proxies.is_secure(scope) else SESSION)
        return found if found and secret.is_key(found) else None

    def forget_session(self, key: str) -> None:
        """It has ended."""
        self._sessions.forget(secret.digest(key))

    async def _of_session(self, scope: Message) -> Access | None:
        key = self.session_key(scope)
        if key is None:
            return None
        found = await self._sessions.get(secret.digest(key))
        if found is None or self._clock() * 1000 >= found[1]:
            return None
        access = found[0].access(csrf=csrf.token(self._hub_key, f"session {key}"))
        return replace(access, session=True)

    async def _of_bearer(self, given: str, address: str) -> Access:
        if secret.is_token(given):
            token = await self._tokens.get(secret.digest(given))
            now_ms = round(self._clock() * 1000)
            if token and token.is_valid(now_ms):
                self.last_uses[token.token_id] = now_ms
                return token.access()
        elif given.count(".") == 2:
            for trust in self._trusts:
                if found := await trust.access(given):
                    return replace(found, ambient=True, csrf=csrf.token(self._hub_key, found.name))
        audit.note_refusal("a token was refused", address=address)
        raise Problem(401, REFUSAL)

    async def _matches(self, password: str, known: str) -> bool:
        """Whether the password is right, found out beside the event loop, by few at a time."""
        if self._waiting >= _MOST_WAITING:
            raise Problem(503, "too many people sign in; come again", retry_after_s=2)
        self._waiting += 1
        try:
            async with self._verifying:
                if len(password) > passwords.LONGEST:
                    password = hashlib.sha512(password.encode("utf-8", "surrogateescape")).hexdigest()
                return await asyncio.to_thread(passwords.matches, password, known)
        finally:
            self._waiting -= 1
