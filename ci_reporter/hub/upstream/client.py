"""One GET to a CI system's API: always revalidated, within limits of time and size, to no other host.

What is the same as the last time is a 304, or a body with the same digest where the server knows no ETag (Jenkins,
Gitea). A cache that obeys `max-age=60` would see nothing new for a minute, so there is none.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import aiohttp

from ci_reporter.http.reasons import system_reason
from ci_reporter.hub.settings.poll import Source
from ci_reporter.hub.settings.tokens import TokenSource
from ci_reporter.hub.upstream.budget import Budget, is_limit
from ci_reporter.hub.upstream.meter import Meter
from ci_reporter.hub.upstream.problems import LimitedError, RefusedError, UpstreamError
from ci_reporter.system.masking import Masking
from ci_reporter.system.text import one_line
from ci_reporter.version import __version__

_MOST_REDIRECTS = 3
_RETRIES = 2
_LONGEST = 200
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next\b', re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_E_MAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")


class Answer(NamedTuple):
    """What came back. `fresh` is False where it is the same as what `etag` was of: then there is no body."""

    fresh: bool
    body: bytes
    etag: str
    next: str
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a server wants to be asked: its headers for a token, what is left of the rate limit, the proxy before it."""

    headers: Callable[[str | None], Mapping[str, str]]
    budget: Budget
    meter: Meter
    proxy: str | None = None


class Client:
    """A server and a token: their headers, their rate budget, their counters."""

    largest_bytes = 16 * 1024 * 1024
    pause_s = 0.5  # before what failed for the moment is tried again; then twice that

    def __init__(self, session: aiohttp.ClientSession, source: Source, token: TokenSource, terms: Terms) -> None:
        self._session, self.source, self._token, self._meter = session, source, token, terms.meter
        self._headers_of, self._proxy, self.budget = terms.headers, terms.proxy, terms.budget
        self._sent: tuple[str | None, Mapping[str, str]] | None = None
        self._origin = urlsplit(source.url)[:2]
        self._base, self._host = source.url.rstrip("/"), source.host

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.source.provider} at {self.source.host}"

    async def get(self, path: str, etag: str = "") -> Answer:
        """Ask for a path, or for an address that the server itself gave. Raises UpstreamError and its kinds."""
        is_theirs = path.startswith(("http://", "https://"))
        url = path if is_theirs else f"{self._base}{path}"
        if is_theirs and urlsplit(url)[:2] != self._origin:
            raise RefusedError(f"{self.name} points to {_origin(url)}, where the token does not belong", "redirect")
        for attempt in range(_RETRIES + 1):
            if wait_s := self.budget.wait_s(time.monotonic()):
                raise LimitedError(f"{self.name}: the rate limit is used up but for the reserve", wait_s)
            try:
                return await self._follow(url, etag)
            except _PassingError as exc:
                if attempt == _RETRIES:
                    raise UpstreamError(str(exc), exc.code) from None
                await asyncio.sleep(self.pause_s * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311  jitter
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def rows(self, path: str, key: str = "", most_pages: int = 10) -> list[dict[str, Any]]:
        """The objects of a list through all its pages. Raises UpstreamError."""
        found: list[dict[str, Any]] = []
        for _ in range(most_pages):
            answer = await self.get(path)
            found += self.rows_of(answer, key)
            if not answer.next:
                break
            path = answer.next
        return found

    def rows_of(self, answer: Answer, key: str = "") -> list[dict[str, Any]]:
        """The objects of one page; `key` is where they are. Raises UpstreamError where there is no such list."""
        body = self.json(answer)
        rows = body.get(key) if key and isinstance(body, dict) else body
        if rows is None and key and isinstance(body, dict):
            return []  # Go writes an empty list as null
        if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
            raise UpstreamError(f"{self.name} did not answer with a list of objects", "malformed")
        return rows

    def json(self, answer: Answer) -> Any:
        """The body as JSON. Raises UpstreamError, in words for a login page."""
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            pass
        if answer.body.lstrip()[:1] == b"<":
            title = _TITLE.search(answer.body[:4096])
            what = f" ({one_line(title[1].decode('utf-8', 'replace'), 80)})" if title else ""
            raise UpstreamError(
                f"{self.name} answered with a web page{what}, not with JSON: is it a login page, or not the API?",
                "html",
            )
        raise UpstreamError(f"{self.name} answered with something that is not JSON", "malformed")

    async def _follow(self, url: str, etag: str) -> Answer:
        for _ in range(_MOST_REDIRECTS):
            answer = await self._send(url, etag)
            if isinstance(answer, Answer):
                return answer
            url, before = urljoin(url, answer), url
            if urlsplit(url)[:2] != urlsplit(before)[:2]:
                raise RefusedError(
                    f"{self.name} redirects to {_origin(url)}, where the token does not belong", "redirect"
                )
        raise UpstreamError(f"{self.name} redirects in a circle", "redirect")

    async def _send(self, url: str, etag: str) -> Answer | str:
        """The answer, or the address that it redirects to."""
        headers = self._headers()
        if etag and not etag.startswith("sha:"):
            headers = {**headers, "If-None-Match": etag}
        try:
            async with self._session.get(url, headers=headers, proxy=self._proxy, allow_redirects=False) as response:
                self._meter.count(self._host, str(response.status))
                self._note_limit(response.headers)
                if response.status == 304 and etag:
                    self._meter.revalidated[self._host] += 1
                    return Answer(False, b"", etag, "", response.headers)
                body = await self._body(response)
                return self._read(response, body, etag)
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise self._unreachable(exc) from exc

    def _read(self, response: aiohttp.ClientResponse, body: bytes, etag: str) -> Answer | str:
        status, headers = response.status, response.headers
        if status == 200:
            found = headers.get("ETag") or f"sha:{hashlib.sha256(body).hexdigest()[:32]}"
            is_same = found == etag
            self._meter.revalidated[self._host] += is_same
            return Answer(not is_same, b"" if is_same else body, found, self._next(response), headers)
        if status in (301, 302, 303, 307, 308) and headers.get("Location"):
            return str(headers["Location"])
        raise self._refusal(status, headers, body)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        parts, size = [], 0
        async for chunk in response.content.iter_any():
            parts.append(chunk)
            size += len(chunk)
            if size > self.largest_bytes:
                raise UpstreamError(f"{self.name} sent more than {self.largest_bytes // 1024} KiB", "too large")
        return b"".join(parts)

    def _next(self, response: aiohttp.ClientResponse) -> str:
        """The address of the next page: of `Link`, else of GitLab's `X-Next-Page`; never one that we have built."""
        link = response.headers.get("Link", "")[:8192]
        if link and (match := _NEXT.search(link)):
            # Behind a proxy the server may call itself otherwise: its path and query are what counts.
            parts = urlsplit(match[1])
            return f"{self._origin[0]}://{self._origin[1]}{parts.path}?{parts.query}"
        page = response.headers.get("X-Next-Page", "")
        if page.isdecimal():
            return str(response.url.update_query(page=page))
        return ""

    def _headers(self) -> Mapping[str, str]:
        token = self._token.current()
        if self._sent is None or self._sent[0] != token:
            agent = {"User-Agent": f"ci-reporter/{__version__}", "Accept": "application/json"}
            self._sent = token, {**agent, **self._headers_of(token)}
        return self._sent[1]

    def _note_limit(self, headers: Mapping[str, str]) -> None:
        self.budget.note(headers, time.monotonic())
        if self.budget.remaining is not None:
            self._meter.note_remaining(self._host, self.budget.remaining)

    def _refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamError:
        said = self._words(body)
        if is_limit(status, headers, said):
            wait_s = self.budget.refuse(headers, time.monotonic())
            return LimitedError(f"{self.name} wants no more requests for {wait_s:.0f} s: {said or status}", wait_s)
        shown = f"{self.name} answered {status}" + (f": {said}" if said else "")
        if status >= 500:
            return _PassingError(shown, str(status))
        if status == 401:
            return RefusedError(f"{shown} (is {self.source.token.where} still the right one?)", "401")
        return RefusedError(shown, str(status))

    def _words(self, body: bytes) -> str:
        """What a refusal says, without our token and without anybody's address."""
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            return ""
        said = (
            found.get("message") or found.get("error_description") or found.get("error")
            if isinstance(found, dict)
            else ""
        )
        text = said if isinstance(said, str) else json.dumps(said)
        return self.mask(one_line(text, _LONGEST))

    def mask(self, text: str) -> str:
        """The text without the token, and without e-mail addresses."""
        return _E_MAIL.sub("***", Masking(filter(None, (self._token.current(),))).mask(text))

    def _unreachable(self, exc: BaseException) -> UpstreamError:
        if isinstance(exc, TimeoutError):
            self._meter.count(self._host, "timeout")
            return UpstreamError(f"{self.name} did not answer in time", "timeout")
        if isinstance(exc, aiohttp.ClientPayloadError):
            self._meter.count(self._host, "broken")
            return _PassingError(f"{self.name}: its answer broke off", "broken")
        self._meter.count(self._host, "unreachable")
        cause = exc.os_error if isinstance(exc, aiohttp.ClientConnectorError) else exc
        inner = getattr(exc, "certificate_error", None) or cause
        why = system_reason(inner) or self.mask(one_line(str(inner), _LONGEST)) or type(exc).__name__
        if isinstance(exc, aiohttp.ServerDisconnectedError):
            return _PassingError(f"{self.name} closed the connection without an answer", "unreachable")
        return UpstreamError(f"cannot reach {self.name}: {why}", "unreachable")


class _PassingError(UpstreamError):
    """What may be gone at the next attempt: a 5xx, half an answer."""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"
