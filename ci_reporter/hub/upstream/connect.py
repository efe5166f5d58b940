"""A CI system's settings → the module that asks it, with its token, its proxy and the certificates that it trusts."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from ci_reporter.http.proxies import proxies_of, proxy_for
from ci_reporter.hub.settings.poll import Poll, Provider, Source
from ci_reporter.hub.settings.tokens import TokenSource
from ci_reporter.hub.upstream import gitea, github, gitlab, jenkins
from ci_reporter.hub.upstream.budget import Budget
from ci_reporter.hub.upstream.client import Client, Terms
from ci_reporter.hub.upstream.meter import Meter
from ci_reporter.hub.upstream.protocol import Upstream

_MODULES: Mapping[Provider, Callable[[Client, Poll], Upstream]] = {
    Provider.GITHUB: github.GitHub,
    Provider.GITLAB: gitlab.GitLab,
    Provider.JENKINS: jenkins.Jenkins,
    Provider.GITEA: gitea.Gitea,
    Provider.FORGEJO: gitea.Gitea,
}


class Connections:
    """One session for all CI systems; open it within the event loop that uses it."""

    def __init__(self, poll: Poll, environ: Mapping[str, str], meter: Meter) -> None:
        self._poll, self._environ, self.meter = poll, environ, meter
        self._proxies = proxies_of(environ)
        self._sessions: dict[str | None, aiohttp.ClientSession] = {}
        self._budgets: dict[tuple[str, object, str | None], Budget] = {}

    def upstream(self, source: Source) -> Upstream:
        """The CI system of a source. Raises UsageError where its token cannot be used."""
        terms = Terms(
            headers=_headers(source),
            budget=self._budgets.setdefault((source.url, source.token, source.username), Budget(source.reserve)),
            meter=self.meter,
            proxy=proxy_for(source.url, self._proxies),
        )
        client = Client(self._session(source.ca), source, TokenSource(source.token, self._environ), terms)
        return _MODULES[source.provider](client, self._poll)

    async def close(self) -> None:
        """Let go of all connections."""
        for session in self._sessions.values():
            await session.close()

    def _session(self, ca: str | None) -> aiohttp.ClientSession:
        if ca not in self._sessions:
            trust: Any = ssl.create_default_context(cafile=ca) if ca else True
            self._sessions[ca] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=0, ssl=trust, ttl_dns_cache=300),
                timeout=aiohttp.ClientTimeout(total=self._poll.timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._sessions[ca]


def _headers(source: Source) -> Callable[[str | None], Mapping[str, str]]:
    match source.provider:
        case Provider.GITHUB:
            return github.headers
        case Provider.GITLAB:
            return gitlab.headers
        case Provider.JENKINS:
            return jenkins.headers(source.username)  # type: ignore[no-any-return]
    return gitea.headers
