"""Vendors that cannot run here: each test file has its own, as strict as the real one, on this server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ci_reporter.system.deadline import Deadline


@dataclass(kw_only=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


Answer = tuple[int, Mapping[str, str], bytes]


@dataclass
class Vendor:
    """A server that answers as its function says, and remembers what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)


@pytest.fixture
def vendor() -> Iterator[Callable[[Callable[[Asked], Answer]], Vendor]]:
    """Start a vendor: `vendor(answer)`, where `answer(asked)` gives status, headers and body."""
    servers = []

    def start(answer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(method=self.command, path=self.path, headers=headers, body=body)
                found.asked.append(asked)
                status, more, content = answer(asked)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_PATCH = do_POST  # noqa: N815

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        found = Vendor(url=f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return found

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def deadline() -> Deadline:
    """Enough time for anything that works."""
    return Deadline(10)


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The address of a server that takes a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
