"""The services that are measured: each bare and wrapped, so that a server can be pointed at `services:NAME`."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI
from flask import Flask

from ci_reporter.health import Check, Health


def _health() -> Health:
    return Health(checks=[Check("nothing", lambda: True)])


async def asgi_bare(scope, _receive, send):  # noqa: ANN001, ANN201
    """The least an ASGI app can do."""
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def _fastapi() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{number}")
    async def item(number: int) -> dict[str, int]:
        await asyncio.sleep(0)
        return {"number": number}

    return app


def _flask() -> Flask:
    app = Flask(__name__)

    @app.get("/items/<int:number>")
    def item(number: int) -> dict[str, int]:
        return {"number": number}

    return app


asgi_wrapped = _health().asgi(asgi_bare)
fastapi_bare = _fastapi()
fastapi_wrapped = _health().asgi(_fastapi())
flask_bare = _flask().wsgi_app
flask_wrapped = _health().wsgi(_flask().wsgi_app)
