"""Makers of recordings: a service of known latency and errors, from a seed."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import exp
from pathlib import Path

import pytest

from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.rules import rulefile
from tests.nginx import Nginx


def make_probes(seconds=300.0, rate=5.0, seed=1, slower=1.0, errors=0.0, start=0.0):
    """Probes of a service with a median of 120 ms, every one `slower` times that."""
    chance = random.Random(seed)
    return tuple(
        Probe(t=start + at / rate, ok=chance.random() >= errors, latency_ms=120 * exp(chance.gauss(0, 0.45)) * slower)
        for at in range(int(seconds * rate))
    )


def make_recording(phase="watch", **how):
    """A recording of one probe signal."""
    return Recording(phase=phase, signals={"http_latency": Signal(probes=make_probes(**how))})


def make_rules(*conditions, gate="", **more):
    """Rules of these conditions, read as a file is; `more` are further keys of each."""
    keys = "".join(f"\n    {key}: {value}" for key, value in more.items())
    rules = "\n".join(f"  - name: rule {at}\n    if: {text!r}{keys}" for at, text in enumerate(conditions))
    return rulefile.parse(f"gate: {{{gate}}}\nrules:\n{rules}\n".encode(), "gate.yml")


def judged(*conditions, watch, baseline=None, gate="", **more):
    """The verdict on a watch, with a good baseline unless one is given."""
    before = make_recording("baseline", seconds=120, seed=99) if baseline is None else baseline
    return judge(before, watch, make_rules(*conditions, gate=gate, **more))


@pytest.fixture(name="judged")
def _judged() -> Callable:
    return judged


@pytest.fixture(name="make_recording")
def _make_recording() -> Callable:
    return make_recording


@pytest.fixture(name="make_probes")
def _make_probes() -> Callable:
    return make_probes


@pytest.fixture(name="make_rules")
def _make_rules() -> Callable:
    return make_rules


@pytest.fixture
def write_recording(tmp_path: Path) -> Callable[..., str]:
    """Write a recording as a file, and give its path."""

    def write(name: str, phase: str = "watch", **how) -> str:
        lines = [{"recording": 1, "phase": phase}]
        for probe in make_probes(**how):
            line = {"t": probe.t, "signal": "http_latency", "latency_ms": probe.latency_ms, "ok": probe.ok}
            lines.append(line | {"status": 200 if probe.ok else 503})
        path = tmp_path / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return str(path)

    return write


class Backend:
    """A service of one's own on 127.0.0.1 that a test tells how to behave: revision, delay, status, or an act."""

    def __init__(self, revision: str, host: str = "127.0.0.1", port: int = 0) -> None:
        self.revision = revision
        self.delay_s = 0.0
        self.status = 200
        self.health = "pass"
        self.act: Callable[[BaseHTTPRequestHandler], None] | None = None
        self.asked = 0
        self._server = ThreadingHTTPServer((host, port), partial(_Handler, self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}/health"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer as a service with a health document does."""
        time.sleep(self.delay_s)
        body = json.dumps({"status": self.health, "revision": self.revision}).encode()
        handler.send_response(self.status)
        handler.send_header("Content-Type", "application/health+json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def answer_from(self, count: int, act: Callable[[BaseHTTPRequestHandler], None]) -> None:
        """Answer otherwise from the answer of that number on, however long it takes to come."""
        self.act = lambda handler: act(handler) if self.asked >= count else self.answer(handler)

    def stop(self) -> None:
        """Answer no more: the port refuses."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, backend, *args):
        self.backend = backend
        super().__init__(*args)

    def do_GET(self):
        backend = self.backend
        backend.asked += 1
        if backend.act:
            backend.act(self)
            return
        backend.answer(self)

    do_POST = do_GET  # noqa: N815  http.server's name

    def log_message(self, *_):  # http.server writes each request to stderr
        """Say nothing."""

    def handle(self):
        with suppress(OSError):
            super().handle()


@pytest.fixture
def backend() -> Callable[..., Backend]:
    """Start services: `backend("c0ffee1")`."""
    with ExitStack() as stack:

        def start(revision: str = "c0ffee1234", host: str = "127.0.0.1", port: int = 0) -> Backend:
            found = Backend(revision, host, port)
            stack.callback(lambda: found._thread.is_alive() and found.stop())
            return found

        yield start


@pytest.fixture
def start_nginx(tmp_path: Path, eventually, free_port) -> Callable[..., Nginx]:
    """Start nginx with the inside of a `server {}` block, and what stands beside it, such as `upstream`."""
    with ExitStack() as stack:

        def start(server: str, outside: str = "") -> Nginx:
            port = free_port()
            folder = tmp_path / f"nginx{port}"
            folder.mkdir()
            found = Nginx(folder, port, server, outside)
            stack.callback(found.stop)
            eventually(lambda: _open(found.port), what="nginx to listen")
            return found

        yield start


def _open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def balanced(start_nginx) -> Callable[..., Nginx]:
    """nginx in front of several services, by turns; a dead one is not taken out."""

    def start(*backends: Backend) -> Nginx:
        servers = "".join(f"server 127.0.0.1:{each.port} max_fails=0; " for each in backends)
        outside = f"upstream services {{ {servers} }}"
        return start_nginx("location / { proxy_pass http://services; proxy_next_upstream off; }", outside)

    return start


@pytest.fixture
def gate_yml(run_program) -> Callable[..., str]:
    """Write gate.yml with short phases: six matches in a row converge, a watch of two blocks.

    A rollout that is to converge has time for it on a busy machine; a test of one that never does gives it less.
    """

    def write(*rules: str, gate: str = "", more: str = "", converge: str = "40s", timeout: str = "5s") -> str:
        lines = [
            "version: 1",
            "gate:",
            f"  timeout: {timeout}",
            "  warmup: 0",
            "  watch: 10s",
            "  rate: 20/s",
            f"  converge: {{ timeout: {converge}, old_share: 40%, confidence: 90%, rate: 20/s }}",
            gate,
            "rules:",
            *(f"  - {{ name: rule{at}, {each} }}" for at, each in enumerate(rules)),
            more,
        ]
        path = run_program.folder / "gate.yml"
        path.write_text("\n".join(lines))
        return str(path)

    return write
