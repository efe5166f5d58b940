"""gRPC: what a call brings as metadata is the context while its handler works; calls that are made carry it on.

`grpc` is imported when an interceptor is made, not before: a service without it can import `ci_reporter.logs`.
Source: grpc.io, "Interceptors"; metadata keys are lower case, as HTTP/2 sends them.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

from ci_reporter.logs.carriers import from_headers, headers
from ci_reporter.logs.current import Context, context, use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Trust = Callable[[Any], bool]
    Metadata = Iterable[tuple[str, str | bytes]] | None

_CARRIERS = frozenset(("x-ci-run-id", "traceparent", "tracestate", "baggage"))
_KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def grpc_server_interceptor(*, trust: Trust = lambda _: True) -> Any:
    """For `grpc.server(..., interceptors=[...])`; calls that `trust` says no to get a context of their own."""
    import grpc

    class Server(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
        def intercept_service(self, proceed: Callable[[Any], Any], call: Any) -> Any:
            return _in_context(proceed(call), _brought(call, trust))

    return Server()


def grpc_aio_server_interceptor(*, trust: Trust = lambda _: True) -> Any:
    """For `grpc.aio.server(interceptors=[...])`."""
    import grpc.aio

    class Server(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
        async def intercept_service(self, proceed: Callable[[Any], Any], call: Any) -> Any:
            return _in_context(await proceed(call), _brought(call, trust))

    return Server()


def grpc_client_interceptor() -> Any:
    """For `grpc.intercept_channel(channel, ...)`; give it to channels of your own services only."""
    import grpc

    bases = [getattr(grpc, f"{_class_name(kind)}ClientInterceptor") for kind in _KINDS]

    class Details(grpc.ClientCallDetails):  # type: ignore[misc]  # grpc has no types
        def __init__(self, given: Any) -> None:
            for name in ("method", "timeout", "credentials", "wait_for_ready", "compression"):
                setattr(self, name, getattr(given, name, None))
            self.metadata = _with_context(given.metadata)

    def intercept(_: Any, proceed: Callable[..., Any], call: Any, request: Any) -> Any:
        return proceed(Details(call), request)

    return type("Client", tuple(bases), {f"intercept_{kind}": intercept for kind in _KINDS})()


def grpc_aio_client_interceptors() -> list[Any]:
    """For `grpc.aio.insecure_channel(..., interceptors=...)`: one for each of the four kinds of calls."""
    import grpc.aio

    async def intercept(_: Any, proceed: Callable[..., Any], call: Any, request: Any) -> Any:
        metadata = grpc.aio.Metadata(*_with_context(call.metadata))
        return await proceed(call._replace(metadata=metadata), request)

    bases = {kind: getattr(grpc.aio, f"{_class_name(kind)}ClientInterceptor") for kind in _KINDS}
    return [type("Client", (base,), {f"intercept_{kind}": intercept})() for kind, base in bases.items()]


def _class_name(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("_"))


def _brought(call: Any, trust: Trust) -> Context:
    """The context in a call's metadata; binary values (`…-bin`) are not ours."""
    metadata: Metadata = call.invocation_metadata if trust(call) else ()
    return from_headers({key: value for key, value in metadata or () if key in _CARRIERS})  # type: ignore[misc]


def _with_context(metadata: Metadata) -> list[tuple[str, str | bytes]]:
    """The metadata of a call with the current context; what the caller has set stays."""
    given = list(metadata or ())
    known = {key for key, _ in given}
    ours = ((name.lower(), value) for name, value in headers(context()).items())
    return [*given, *((name, value) for name, value in ours if name not in known)]


def _in_context(handler: Any, brought: Context) -> Any:
    """The method's handler, called within a context; None, a method that nobody has, stays None."""
    if handler is None:
        return None
    kind = f"{_word(handler.request_streaming)}_{_word(handler.response_streaming)}"
    call = _wrapper(getattr(handler, kind), handler.response_streaming)(getattr(handler, kind), brought)
    return handler._replace(**{kind: call})


def _word(streaming: bool) -> str:
    return "stream" if streaming else "unary"


def _wrapper(call: Callable[..., Any], streaming: bool) -> Callable[[Callable[..., Any], Context], Callable[..., Any]]:
    if inspect.isasyncgenfunction(call):
        return _async_stream
    if inspect.iscoroutinefunction(call):
        return _async_call
    return _stream if streaming else _call


def _call(call: Callable[..., Any], brought: Context) -> Callable[..., Any]:
    def answer(request: Any, about: Any) -> Any:
        with use(brought):
            return call(request, about)

    return answer


def _stream(call: Callable[..., Any], brought: Context) -> Callable[..., Any]:
    """Each piece is made within the context, whichever thread asks for it."""

    def answer(request: Any, about: Any) -> Iterator[Any]:
        with use(brought):
            pieces = iter(call(request, about))
        while True:
            with use(brought):
                try:
                    piece = next(pieces)
                except StopIteration:
                    return
            yield piece

    return answer


def _async_call(call: Callable[..., Any], brought: Context) -> Callable[..., Any]:
    async def answer(request: Any, about: Any) -> Any:
        with use(brought):
            return await call(request, about)

    return answer


def _async_stream(call: Callable[..., Any], brought: Context) -> Callable[..., Any]:
    async def answer(request: Any, about: Any) -> AsyncIterator[Any]:
        with use(brought):
            async for piece in call(request, about):
                yield piece

    return answer
