"""WSGI: what a request brings (`X-CI-Run-ID`, `traceparent`, `baggage`) is the context while the app works for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ci_reporter.logs.carriers import from_headers
from ci_reporter.logs.current import Context, use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Environ = dict[str, Any]
    App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_PREFIX = "HTTP_"
_CARRIERS = ("x-ci-run-id", "traceparent", "tracestate", "baggage")
_VARIABLES = {name: _PREFIX + name.upper().replace("-", "_") for name in _CARRIERS}


class ContextMiddleware:
    """`app` with the context of its requests; those that `trust` says no to get one of their own."""

    def __init__(self, app: App, *, trust: Callable[[Environ], bool] = lambda _: True) -> None:
        self._app = app
        self._trust = trust

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Hand over; a body that is made while it is sent is made within the context too."""
        trusted = self._trust(environ)
        brought = from_headers({name: environ.get(key, "") for name, key in _VARIABLES.items()} if trusted else {})
        with use(brought):
            body = self._app(environ, start_response)
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(body, list | tuple) or (isinstance(wrapper, type) and isinstance(body, wrapper)):
            return body  # nothing of the app runs any more
        return _Body(body, brought)


class _Body:
    """A response's body that is iterated and closed within a context."""

    def __init__(self, body: Iterable[bytes], brought: Context) -> None:
        self._body = body
        self._brought = brought

    def __iter__(self) -> Iterator[bytes]:
        with use(self._brought):
            pieces = iter(self._body)
        while True:
            with use(self._brought):
                try:
                    piece = next(pieces)
                except StopIteration:
                    return
            yield piece  # the server's own lines are not the request's

    def close(self) -> None:
        """Close the app's own body, which WSGI promises it."""
        close = getattr(self._body, "close", None)
        if close is not None:
            with use(self._brought):
                close()
