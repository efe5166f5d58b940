"""All of signing in, put together for the server: the guard, the form, what works beside the requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ci_reporter.hub.asgi import Application, Mount, Service
from ci_reporter.hub.auth import users
from ci_reporter.hub.auth.authenticator import Authenticator
from ci_reporter.hub.auth.guard import LOGIN, Guard, Rules
from ci_reporter.hub.auth.lastuse import LastUses
from ci_reporter.hub.auth.login import LOGOUT, Login, LoginForm, plain_page
from ci_reporter.hub.auth.request import Proxies
from ci_reporter.hub.auth.trust import trust_of
from ci_reporter.hub.settings.auth import Auth
from ci_reporter.hub.store.tables import Tables


class SignIn:
    """What the server mounts, starts and puts before its routes. Raises UsageError, StoreError."""

    def __init__(
        self,
        tables: Tables,
        settings: Auth,
        env: Mapping[str, str],
        rules: Rules,
        *,
        page: Callable[[LoginForm], str] = plain_page,
    ) -> None:
        self._tables, self._rules = tables, rules
        self._authenticator = Authenticator(
            tables,
            users.hub_key(tables),
            trusts=[trust_of(each, env) for each in settings.jwt],
            proxies=Proxies(settings.trusted_proxies),
        )
        login = Login(self._authenticator, tables, page=page, session_s=settings.session_s)
        self.mounts = (Mount(LOGIN, login), Mount(LOGOUT, login))
        self.services: tuple[Service, ...] = (LastUses(self._authenticator, tables),)

    def guard(self, application: Application) -> Guard:
        """The guard before an application."""
        return Guard(application, self._authenticator, self._tables, self._rules)
