"""Logs that name the run: set-up of structlog, the context of a request, and what carries it on.

    from ci_reporter import logs

    logs.configure("shop", build="build-info.json")
    app = logs.AsgiMiddleware(app)
    session = logs.requests_session(requests.Session())

Names are resolved when asked for: a WSGI service loads no ASGI.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.logs.asgi import ContextMiddleware as AsgiMiddleware
    from ci_reporter.logs.current import Context, bind, context
    from ci_reporter.logs.grpc import (
        grpc_aio_client_interceptors,
        grpc_aio_server_interceptor,
        grpc_client_interceptor,
        grpc_server_interceptor,
    )
    from ci_reporter.logs.outgoing import (
        UrllibHandler,
        async_httpx_hook,
        environment,
        headers,
        httpx_hook,
        in_context,
        requests_session,
    )
    from ci_reporter.logs.setup import configure, hide
    from ci_reporter.logs.sql import sqlalchemy_engine, with_comment
    from ci_reporter.logs.wsgi import ContextMiddleware as WsgiMiddleware

_HERE = {
    "AsgiMiddleware": "asgi:ContextMiddleware",
    "Context": "current:Context",
    "UrllibHandler": "outgoing:UrllibHandler",
    "WsgiMiddleware": "wsgi:ContextMiddleware",
    "async_httpx_hook": "outgoing:async_httpx_hook",
    "bind": "current:bind",
    "configure": "setup:configure",
    "context": "current:context",
    "environment": "outgoing:environment",
    "grpc_aio_client_interceptors": "grpc:grpc_aio_client_interceptors",
    "grpc_aio_server_interceptor": "grpc:grpc_aio_server_interceptor",
    "grpc_client_interceptor": "grpc:grpc_client_interceptor",
    "grpc_server_interceptor": "grpc:grpc_server_interceptor",
    "headers": "outgoing:headers",
    "hide": "setup:hide",
    "httpx_hook": "outgoing:httpx_hook",
    "in_context": "outgoing:in_context",
    "requests_session": "outgoing:requests_session",
    "sqlalchemy_engine": "sql:sqlalchemy_engine",
    "with_comment": "sql:with_comment",
    # Earlier names, for services that use them.
    "carried": "outgoing:in_context",
    "commented": "sql:with_comment",
}

__all__ = [
    "AsgiMiddleware",
    "Context",
    "UrllibHandler",
    "WsgiMiddleware",
    "async_httpx_hook",
    "bind",
    "configure",
    "context",
    "environment",
    "grpc_aio_client_interceptors",
    "grpc_aio_server_interceptor",
    "grpc_client_interceptor",
    "grpc_server_interceptor",
    "headers",
    "hide",
    "httpx_hook",
    "in_context",
    "requests_session",
    "sqlalchemy_engine",
    "with_comment",
]


def __getattr__(name: str) -> Any:
    if name not in _HERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HERE[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute)
