"""What goes out carries the context on: HTTP calls, processes, threads.

Baggage and run ids are for your own services: `hosts` says which hosts get them, `["*.shop.example"]`. What a call
says itself stays; OpenTelemetry's `traceparent` for instance.
"""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextvars import copy_context
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from ci_reporter.logs.carriers import headers as headers_of
from ci_reporter.logs.carriers import variables
from ci_reporter.logs.current import Context, context, use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ParamSpec, TypeVar

    import httpx
    import requests

    P = ParamSpec("P")
    R = TypeVar("R")

EVERY_HOST = ("*",)


def headers() -> dict[str, str]:
    """The headers that carry the current context, for a client of which nothing is known here."""
    return headers_of(context())


def environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment for a process, `os.environ` by default, with the current context in it."""
    base = os.environ if env is None else env
    stale = ("CI_RUN_ID", "TRACEPARENT", "TRACESTATE", "BAGGAGE")
    return {name: value for name, value in base.items() if name not in stale} | variables(context())


def requests_session(session: requests.Session, hosts: Sequence[str] = EVERY_HOST) -> requests.Session:
    """Let what this session sends carry the context: its adapters stay, each with a porter before it."""
    from ci_reporter.logs.porter import Porter

    for prefix, adapter in list(session.adapters.items()):
        session.mount(prefix, Porter(adapter, lambda request: _mark(request.headers, request.url or "", hosts)))
    return session


def httpx_hook(hosts: Sequence[str] = EVERY_HOST) -> Callable[[httpx.Request], None]:
    """Make a hook for `httpx.Client(event_hooks={"request": [httpx_hook()]})`."""
    return lambda request: _mark(request.headers, str(request.url), hosts)


def async_httpx_hook(hosts: Sequence[str] = EVERY_HOST) -> Callable[[httpx.Request], Awaitable[None]]:
    """Make a hook for `httpx.AsyncClient(event_hooks={"request": [async_httpx_hook()]})`."""

    async def hook(request: httpx.Request) -> None:
        _mark(request.headers, str(request.url), hosts)

    return hook


class UrllibHandler(urllib.request.BaseHandler):
    """A handler for `urllib.request.build_opener(UrllibHandler())`."""

    def __init__(self, hosts: Sequence[str] = EVERY_HOST) -> None:
        self._hosts = hosts

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Add the headers for this hop alone: a redirect to elsewhere starts without them."""
        if _welcome(request.full_url, self._hosts):
            for name, value in headers().items():
                if not request.has_header(name.capitalize()):
                    request.add_unredirected_header(name, value)
        return request

    https_request = http_request


def in_context(function: Callable[P, R]) -> Callable[P, R]:
    """The function, to be called elsewhere with the context that is current now.

    For `threading.Thread(target=…)`, `executor.submit(…)` and `executor.map(…)`, of processes too; asyncio's tasks
    and `asyncio.to_thread` need no help.
    """
    return _InContext(function)


class _InContext:
    """A function with the context it was made in. To a process go only the run, the trace and the baggage."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._context = context()
        self._variables = copy_context()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it; several calls may be under way at once, so each gets a copy of its own."""
        return self._variables.copy().run(_call, self._function, self._context, args, kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._function, self._context)


def _call(function: Callable[..., Any], known: Context, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    with use(known):
        return function(*args, **kwargs)


def _rebuild(function: Callable[..., Any], known: Context) -> _InContext:
    """Unpickle: in the other process."""
    with use(known):
        return _InContext(function)


def _welcome(url: str, hosts: Sequence[str]) -> bool:
    host = urlsplit(url).hostname or ""
    return any(fnmatchcase(host, pattern.lower()) for pattern in hosts)


def _mark(sent: MutableMapping[str, Any], url: str, hosts: Sequence[str]) -> None:
    """Add the headers where the host may have them; elsewhere take away what a redirect has copied."""
    for name, value in headers().items():
        if _welcome(url, hosts):
            sent.setdefault(name, value)
        elif sent.get(name) == value:
            del sent[name]
