"""WSGI: the endpoints before an app, whose requests are counted; all else passes through as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from time import perf_counter

from ci_reporter.health.checks import results
from ci_reporter.health.routes import wsgi_route
from ci_reporter.health.service import Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Environ = dict[str, Any]
    Start = Callable[..., Callable[[bytes], object]]
    App = Callable[[Environ, Start], Iterable[bytes]]


class HealthMiddleware:
    """`app` with the endpoints of `health` before it; `route` gives a request's route template from its environ."""

    def __init__(
        self, app: App | None, health: Service, *, route: Callable[[Environ], str | None] = wsgi_route
    ) -> None:
        self._app = app or _not_found
        self._health = health
        self._endpoints = health.endpoints
        self._begin = health.traffic.begin
        self._end = health.traffic.end
        self._route = route
        health.draining.install()

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        """Answer, or hand over and count."""
        path = environ.get("PATH_INFO", "")
        if path in self._endpoints:
            return self._answer(self._endpoints[path], environ, start_response)
        code = "500"
        route: str | None = None
        ended = False
        self._begin()
        began = perf_counter()

        def start(status: str, *more: Any) -> Callable[[bytes], object]:
            nonlocal code, route
            code = status[:3]
            route = self._route(environ)  # here and not later: Flask forgets its request before the body is sent
            return start_response(status, *more)

        def end() -> None:
            nonlocal ended
            if not ended:
                ended = True
                self._end(environ["REQUEST_METHOD"], route, code, perf_counter() - began)

        try:
            body = self._app(environ, start)
        except BaseException:
            end()
            raise
        if type(body) is environ.get("wsgi.file_wrapper"):
            end()  # the server sends it in its own way, which it would not do with an object around it
            return body
        return (_Sized if hasattr(body, "__len__") else _Body)(body, end)

    def _answer(self, endpoint: str, environ: Environ, start_response: Start) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        found = results(self._health.runners_for(endpoint, method))
        reply = self._health.reply(endpoint, method, environ.get("HTTP_ACCEPT", ""), found)
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", list(reply.headers))
        return [] if method == "HEAD" else [reply.body]


class _Body:
    """A body that tells when its end has been sent: a server closes what it has iterated over."""

    __slots__ = ("_body", "_end")

    def __init__(self, body: Iterable[bytes], end: Callable[[], None]) -> None:
        self._body = body
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """Called by the server, whether all was sent or not."""
        try:
            if close := getattr(self._body, "close", None):
                close()
        finally:
            self._end()


class _Sized(_Body):
    """A body of known length: a server tells the Content-Length of one that has a single piece."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._body)  # type: ignore[arg-type]  # only what has a length comes here


def _not_found(_: Environ, start_response: Start) -> Iterable[bytes]:
    """The app where there is none."""
    start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "10")])
    return [b"not found\n"]
