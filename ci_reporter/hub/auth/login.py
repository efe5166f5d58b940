"""`/login` and `/logout`: a form that works without script, and the session's cookie.

The cookie is `__Host-…` where there is TLS: no other host of the domain can set it, so nobody can be given a session
that somebody else knows. Each sign-in begins a new session.
"""

from __future__ import annotations

import html
import logging
import time
from asyncio import to_thread
from collections.abc import Callable
from dataclasses import dataclass

from ci_reporter.errors import StoreError
from ci_reporter.hub.asgi import Message, Receive, Send, send_answer
from ci_reporter.hub.auth import audit, csrf, form, secret, users
from ci_reporter.hub.auth.access import ACCESS, Access
from ci_reporter.hub.auth.authenticator import SECURE_SESSION, SESSION, Authenticator
from ci_reporter.hub.auth.guard import LOGIN
from ci_reporter.hub.auth.request import Basic, cookie, is_cross_site
from ci_reporter.hub.problem import Problem, respond
from ci_reporter.hub.settings.auth import SESSION_S
from ci_reporter.hub.store.tables import Tables

LOGOUT = "/logout"
_NONCE = "ci_reporter_login"
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    b" frame-ancestors 'none'; base-uri 'none'"
)
_HTML = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
)
_log = logging.getLogger("ci_reporter.hub.auth")


@dataclass(frozen=True, kw_only=True)
class LoginForm:
    """What the page of the sign-in shows. All of it is to be escaped."""

    csrf: str
    next: str = "/"
    username: str = ""
    error: str = ""


def plain_page(shown: LoginForm) -> str:
    """The form alone, without a look of its own."""
    error = f'<p role="alert">{html.escape(shown.error)}</p>\n' if shown.error else ""
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in · ci-reporter hub</title></head>
<body>
<main>
<h1>Sign in</h1>
{error}<form method="post" action="{LOGIN}">
<p><label>User <input name="username" autocomplete="username" required autofocus
 value="{html.escape(shown.username)}"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<input type="hidden" name="next" value="{html.escape(shown.next)}">
<input type="hidden" name="{csrf.FIELD}" value="{shown.csrf}">
<p><button>Sign in</button></p>
</form>
<p>No user yet? On the hub's machine, <code>ci-reporter hub user add NAME</code> makes one.</p>
</main>
</body>
</html>
"""


class Login:
    """Both endpoints. `page` makes the form's HTML; a session ends after `session_s`."""

    def __init__(
        self,
        authenticator: Authenticator,
        tables: Tables,
        *,
        page: Callable[[LoginForm], str] = plain_page,
        session_s: float = SESSION_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._authenticator, self._tables = authenticator, tables
        self._page, self._session_s, self._clock = page, session_s, clock
        self._key = users.hub_key(tables)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            if scope["path"] == LOGOUT:
                await self._sign_out(scope, receive, send)
            elif scope["method"] == "POST":
                await self._sign_in(scope, receive, send)
            elif scope["method"] in ("GET", "HEAD"):
                await self._show(scope, send, 200, LoginForm(csrf="", next=_next_of(scope)))
            else:
                raise Problem(405, "the form is shown by GET and sent by POST")
        except StoreError as exc:
            _log.warning("nobody can sign in: %s", exc)
            await respond(Problem(503, "the hub's database cannot be used now", retry_after_s=5), scope, send)
        except Problem as exc:
            allowed = [(b"allow", b"POST" if scope["path"] == LOGOUT else b"GET, HEAD, POST")]
            await respond(exc, scope, send, *(allowed if exc.status == 405 else []))

    async def _sign_in(self, scope: Message, receive: Receive, send: Send) -> None:
        if is_cross_site(scope):
            raise Problem(403, "a page of another site has sent this form")
        given = await form.fields(scope, receive)
        target, name = local_path(given.get("next", "")), given.get("username", "")
        shown = LoginForm(csrf="", next=target, username=name[:100])
        nonce = cookie(scope, _NONCE)
        if not csrf.is_right(csrf.token(self._key, f"login {nonce}") if nonce else "", given.get(csrf.FIELD)):
            await self._show(
                scope, send, 403, _with_error(shown, "The form is no longer valid: send it again, please.")
            )
            return
        try:
            basic = Basic(name, given.get("password", ""))
            user = await self._authenticator.user(basic, self._authenticator.proxies.address(scope))
        except Problem as exc:
            await self._show(scope, send, exc.status, _with_error(shown, _WHY.get(exc.status, exc.detail)))
            return
        await self._begin(scope, send, user.name, target)

    async def _begin(self, scope: Message, send: Send, name: str, target: str) -> None:
        """A new session, whatever cookie came with the form."""
        now_ms = round(self._clock() * 1000)
        expires_ms = now_ms + round(self._session_s * 1000)
        key = await to_thread(users.begin_session, self._tables, name, now_ms, expires_ms)
        await _lead(send, target, self._cookie(scope, key, round(self._session_s)))

    async def _sign_out(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            raise Problem(405, "one signs out by POST")
        access: Access = scope[ACCESS]
        csrf.check(access, (await form.fields(scope, receive)).get(csrf.FIELD))
        if key := self._authenticator.session_key(scope):
            await to_thread(users.end_session, self._tables, secret.digest(key))
            self._authenticator.forget_session(key)
            audit.note("a user has signed out", user=access.name)
        await _lead(send, LOGIN, self._cookie(scope, "", 0))

    async def _show(self, scope: Message, send: Send, status: int, shown: LoginForm) -> None:
        """The form, with what it has to bring back; another visitor's form has something else."""
        nonce = secret.new_key()
        made = LoginForm(
            csrf=csrf.token(self._key, f"login {nonce}"), next=shown.next, username=shown.username, error=shown.error
        )
        body = self._page(made).encode()
        secure = "; Secure" if self._authenticator.proxies.is_secure(scope) else ""
        nonce_cookie = f"{_NONCE}={nonce}; Path={LOGIN}; HttpOnly; SameSite=Strict{secure}"
        await send_answer(scope, send, status, [*_HTML, (b"set-cookie", nonce_cookie.encode())], body)

    def _cookie(self, scope: Message, value: str, seconds: int) -> str:
        attributes = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
        if self._authenticator.proxies.is_secure(scope):
            return f"{SECURE_SESSION}={value}; {attributes}; Secure"
        return f"{SESSION}={value}; {attributes}"


_WHY = {401: "The user or the password is wrong.", 429: "Too many sign-ins have failed. Try again in a few minutes."}


def _with_error(shown: LoginForm, error: str) -> LoginForm:
    return LoginForm(csrf="", next=shown.next, username=shown.username, error=error)


def _next_of(scope: Message) -> str:
    from urllib.parse import parse_qs

    found = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=None).get("next", ["/"])
    return local_path(found[-1])


def local_path(target: str) -> str:
    """Where to go then: a path of this hub. Browsers read `//host` as another host, and a backslash as `/`."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    is_plain = target.isascii() and target.isprintable() and "\\" not in target and len(target) <= 2000
    return target if is_path and is_plain and not target.startswith((LOGIN, LOGOUT)) else "/"


async def _lead(send: Send, target: str, set_cookie: str) -> None:
    headers = [
        (b"location", target.encode()),
        (b"set-cookie", set_cookie.encode()),
        (b"content-length", b"0"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
