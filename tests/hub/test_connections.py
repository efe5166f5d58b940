"""Connections that never send a whole request do not stay."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import closing
from http.client import HTTPConnection

import pytest
import uvicorn

from ci_reporter.hub.connections import Connection


class Hasty(Connection):
    """With little patience."""

    head_s = 0.2


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def port():
    config = uvicorn.Config(app, http=Hasty, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def answer(port, *pieces):
    """All that comes until the other side closes."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        for piece in pieces:
            connection.sendall(piece)
        got = b""
        while chunk := connection.recv(65536):
            got += chunk
        return got


@pytest.mark.parametrize("sent", [b"", b"POST /ci-report HTTP/1.1\r\nhost:"], ids=["nothing", "half a head"])
def test_who_sends_no_whole_head_is_closed(port, sent):
    assert answer(port, sent) == b""


def test_the_second_request_of_a_connection_is_not_waited_for_longer(port):
    got = answer(port, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", b"GET / HTTP/1.1\r\nhost:")
    assert got.count(b"HTTP/1.1 200") == 1


def test_a_head_without_end_is_refused(port):
    assert answer(port, b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000).startswith(b"HTTP/1.1 431")


def test_a_connection_between_two_requests_may_be_quiet(port):
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        for _ in range(2):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"ok"
            connection.sock.settimeout(3 * Hasty.head_s)
            with pytest.raises(TimeoutError):
                connection.sock.recv(1)
            connection.sock.settimeout(30)
