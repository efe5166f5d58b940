"""Apps behind real servers on 127.0.0.1, and what one asks them."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import uvicorn


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a server answered; header names are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Site:
    """An app that is served."""

    url: str

    def __call__(self, path: str, method: str = "GET", **headers: str) -> Said:
        """Ask it."""
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return _said(response.status, response)
        except urllib.error.HTTPError as exc:
            with exc:
                return _said(exc.code, exc)

    def samples(self) -> dict[str, float]:
        """What `/metrics` says, by metric and labels."""
        lines = self("/metrics").body.decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def _said(status: int, response) -> Said:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Said(status=status, headers=headers, body=response.read())


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def _uvicorn(app) -> Iterator[str]:
    # httptools, which uvicorn prefers, refuses methods that nobody knows: no app would see them.
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", ws="none", http="h11"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _wsgiref(app) -> Iterator[str]:
    with make_server("127.0.0.1", 0, app, _Threads, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    """Serve an app: `serve(health.asgi(), "asgi")` with uvicorn, "wsgi" with wsgiref."""
    with ExitStack() as stack:

        def start(app, kind: str) -> Site:
            server = {"asgi": _uvicorn, "wsgi": _wsgiref}[kind]
            return Site(url=stack.enter_context(server(app)))

        yield start


@pytest.fixture
def site() -> type[Site]:
    """A served app by its URL: `site(url=…)`."""
    return Site


@pytest.fixture(params=["asgi", "wsgi"])
def endpoints(request, serve) -> Callable[..., Site]:
    """Serve a Health's endpoints alone, once with each kind of server."""
    return lambda health: serve(getattr(health, request.param)(), request.param)


@pytest.fixture(scope="module")
def free_ports() -> Callable[[], int]:
    """Ports of 127.0.0.1 that nobody listens on, for what lives as long as a module."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find
