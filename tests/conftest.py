"""What every test may ask for: the installed program in a cleared environment, and Debian's real servers."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import cycle, groupby, islice, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ci_reporter.gate.probing.probe import Line, probe
from ci_reporter.gate.recording import Probe
from ci_reporter.http.timed import Call
from ci_reporter.model import Report
from ci_reporter.schema import from_json
from tests.program import ForkServer, Program

# On a busy machine an example may take long, which says nothing of the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_configure() -> None:
    """Let the programs of the tests hear SIGINT and SIGHUP: they inherit that `make test &` or nohup ignores them.

    Collecting makes a million objects that stay; looking for garbage among them is a fifth of each worker's start.
    """
    gc.disable()
    hear = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL, signal.SIGQUIT: signal.SIG_DFL}
    for number, handler in hear.items():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_collection_finish() -> None:
    """From now on there is garbage: look for it among what comes."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the slow tests among the others: most of them wait, and what else runs meanwhile costs no time.

    pytest-xdist deals the list out in equal parts, and lets who has nothing left take from the end of another's part.
    So each part gets its share of the slow ones, and its last fifth has none, or two cores would wait for the last.
    """
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    parts = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    bounds = [len(quick) * at // parts for at in range(parts + 1)]
    items[:] = [
        item
        for at, (first, last) in enumerate(pairwise(bounds))
        for item in _with_slow_ones(quick[first:last], slow[at::parts])
    ]


def _with_slow_ones(quick: list[pytest.Item], slow: list[pytest.Item]) -> Iterator[pytest.Item]:
    """The slow tests between files of quick ones: whoever shares what a file sets up runs in one go."""
    every = max(1, len(quick) * 4 // (5 * max(1, len(slow))))
    passed, waiting = 0, iter(slow)
    for _, group in groupby(quick, key=lambda item: item.path):
        begun = passed // every
        of_file = list(group)
        passed += len(of_file)
        yield from islice(waiting, passed // every - begun)
        yield from of_file
    yield from waiting


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Fill a folder once, whichever of pytest-xdist's workers comes first: `make_once("dist", build)`."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder, filled = shared / name, shared / f"{name}.filled"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not filled.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed half-way
                folder.mkdir()
                fill(folder)
                filled.touch()
        return folder

    return make


@pytest.fixture
def make_report() -> Callable[..., Report]:
    """Make a report of a step that went well; keywords are its JSON keys: `make_report(exit_code=1)`."""
    known = {
        "report_id": "0198c0de-0000-7000-8000-000000000000",
        "ci_run_id": "github-17012345678-1",
        "provider": "github",
        "repository": "acme/shop",
        "pipeline": "CI",
        "pipeline_id": "17012345678",
        "job_name": "unit (3.12)",
        "step": "pytest",
        "branch": "main",
        "revision": "c0ffee" + "0" * 34,
        "started_at": "2026-01-31T12:00:00.000Z",
        "finished_at": "2026-01-31T12:00:12.345Z",
        "duration_ms": 12345,
        "exit_code": 0,
        "attempts": 1,
    }
    return lambda **more: from_json(known | more)


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """What calls of the program come from, without the imports of each start."""
    server = ForkServer()
    yield server
    server.stop()


@pytest.fixture
def run_program(tmp_path: Path, fork_server: ForkServer) -> Program:
    """The installed program: `run_program("run", "--", "true", env={...})` gives returncode, stdout, stderr."""
    folder, home = tmp_path / "work", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    return Program(folder=folder, home=home, forks=fork_server)


class Server:
    """A server of Debian's packages on a port of 127.0.0.1; `stop` and `start` keep the port."""

    def __init__(self, command: list[str], ready: str, log: Path, authority: Path | None = None) -> None:
        self.port = free_port()
        self.command = [each.format(port=self.port) for each in command]
        self.url = f"http{'s' if authority else ''}://127.0.0.1:{self.port}"
        self._trust = ssl.create_default_context(cafile=authority) if authority else None
        self._ready = self.url + ready
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log)
        eventually(self._answers, what=f"{self.command[0]} to be ready, see {self._log}")
        return self

    def stop(self) -> None:
        """End it, if need be by force."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def get(self, path: str) -> bytes:
        """What it answers at a path."""
        with urllib.request.urlopen(self.url + path, timeout=5, context=self._trust) as response:
            return response.read()

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            pytest.fail(f"{self.command[0]} has ended: {self._log.read_text(errors='replace')[-1000:]}")
        try:
            urllib.request.urlopen(self._ready, timeout=5, context=self._trust).close()
        except urllib.error.HTTPError as exc:
            exc.close()
            return exc.code == 401  # it is there, and wants a password
        except OSError:
            return False
        return True


def eventually(true: Callable[[], object], what: str, within_s: float = 90) -> object:
    """Ask again and again until the answer is yes; fails when it does not come."""
    until = time.monotonic() + within_s
    while not (answer := true()):
        if time.monotonic() > until:
            pytest.fail(f"waited {within_s:g} s for {what}")
        time.sleep(0.02)
    return answer


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., object]:
    return eventually


# The kernel gives ports from 32768 on to whoever asks for any (net.ipv4.ip_local_port_range): one of those that was
# free a moment ago may be another test's now. Below, each worker of pytest-xdist takes its own, beginning anywhere.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 20
_PORTS = cycle(range(10_000 + 1_000 * _WORKER, 11_000 + 1_000 * _WORKER))
for _ in range(os.getpid() % 1_000):
    next(_PORTS)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, nor will before it has come round again."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a cycle has no end")


@pytest.fixture(name="free_port")
def _free_port() -> Callable[[], int]:
    return free_port


def installed(program: str) -> str:
    """The path of one of Debian's programs; the test is skipped, or fails where everything is required, without it."""
    path = shutil.which(program)
    if path:
        return path
    lacking = f"{program} is not installed: run scripts/test-tools"
    if os.environ.get("CI_REPORTER_TESTS_REQUIRE_ALL") == "1":
        pytest.fail(lacking)
    pytest.skip(lacking)


def needs(path: str | Path, how: str) -> str:
    """A tool that is there; without it the test is skipped, or fails where nothing may be skipped."""
    if found := shutil.which(path):
        return found
    lacking = f"{Path(path).name} is not installed: {how}"
    return pytest.fail(lacking) if os.environ.get("CI_REPORTER_TESTS_REQUIRE_ALL") == "1" else pytest.skip(lacking)


@pytest.fixture
def from_npm() -> Callable[[str], str]:
    """A tool of package.json, by name."""
    return lambda name: needs(Path(__file__).parents[1] / "node_modules/.bin" / name, "npm ci")


@pytest.fixture
def promtool_says() -> Callable[[str], str]:
    """What `promtool check metrics` has to say about a text; nothing when it is clean."""
    path = installed("promtool")

    def check(text: str) -> str:
        checked = subprocess.run([path, "check", "metrics"], input=text.encode(), capture_output=True)
        return (checked.stdout + checked.stderr).decode() or "failed" * bool(checked.returncode)

    return check


@contextmanager
def serving(program: str, *flags: str, log: Path, authority: Path | None = None) -> Iterator[Server]:
    """Run a server of Debian's packages; `{port}` in its flags is the port."""
    server = Server([installed(program), *flags], "/-/ready", log, authority)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def start_pushgateway(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start real Pushgateways with the given flags."""
    with ExitStack() as stack:

        def start(*flags: str, authority: Path | None = None) -> Server:
            data = tmp_path / f"{free_port()}.data"  # Debian's default is one file for all, in /var/lib
            flags = ("--web.listen-address=127.0.0.1:{port}", f"--persistence.file={data}", *flags)
            return stack.enter_context(
                serving("prometheus-pushgateway", *flags, log=tmp_path / "pushgateway.log", authority=authority)
            )

        yield start


@pytest.fixture
def pushgateway(start_pushgateway: Callable[..., Server]) -> Server:
    """A real Pushgateway."""
    return start_pushgateway()


@pytest.fixture
def start_prometheus(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start real Prometheis that scrape a Pushgateway every 200 ms; `more` are flags."""
    with ExitStack() as stack:

        def start(target: str, *more: str, honor_labels: bool = True) -> Server:
            scrape = {
                "job_name": "pushgateway",
                "honor_labels": honor_labels,
                "static_configs": [{"targets": [target]}],
            }
            config = {"global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"}, "scrape_configs": [scrape]}
            path = tmp_path / "prometheus.yml"
            path.write_text(json.dumps(config))
            flags = (
                f"--config.file={path}",
                f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                "--web.listen-address=127.0.0.1:{port}",
                *more,
            )
            return stack.enter_context(serving("prometheus", *flags, log=tmp_path / "prometheus.log"))

        yield start


@pytest.fixture
def prometheus(start_prometheus: Callable[..., Server], pushgateway: Server) -> Server:
    """A real Prometheus that scrapes `pushgateway` with honor_labels: true."""
    return start_prometheus(f"127.0.0.1:{pushgateway.port}")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority of our own, `ca`, its certificate `gw` for 127.0.0.1, and a second authority."""
    folder = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")

    def openssl(*args: str) -> None:
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        openssl("req", "-x509", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl("req", *key[:5], "-subj", "/CN=gw", "-keyout", "gw.key", "-out", "gw.csr")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san", "-days", "2")
    openssl("x509", "-req", "-in", "gw.csr", *signed, "-out", "gw.pem")
    return folder


TLS_HANDSHAKE = b"\x16"
Act = bytes | Callable[[socket.socket, threading.Event], None]


class Vendor:
    """A server that misbehaves as told: each connection gets the next act, the last one again and again."""

    def __init__(self, acts: tuple[Act, ...]) -> None:
        self.seen: list[bytes] = []
        self._acts = acts
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """End whatever still goes on."""
        self._over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(10)
            self.seen.append(_request(connection))
            act = self._acts[min(len(self.seen), len(self._acts)) - 1]
            if isinstance(act, bytes):
                connection.sendall(act)
            else:
                act(connection, self._over)


def _request(connection: socket.socket) -> bytes:
    """One HTTP request, with its body."""
    got = b""
    while b"\r\n\r\n" not in got and not got.startswith(TLS_HANDSHAKE) and (chunk := connection.recv(65536)):
        got += chunk
    head, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    while length and len(body) < int(length[1]) and (chunk := connection.recv(65536)):
        body += chunk
    return head + b"\r\n\r\n" + body


@pytest.fixture
def vendor() -> Iterator[Callable[..., Vendor]]:
    """Start servers that misbehave: `vendor(answer(500))`."""
    with ExitStack() as stack:

        def start(*acts: Act) -> Vendor:
            server = Vendor(acts)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """Make the bytes of an HTTP answer: `answer(500, b"no", retry_after="1")`."""

    def make(status: int, body: bytes = b"", **headers: str) -> bytes:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = "\r\n".join([f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", "Connection: close", *lines])
        return f"{head}\r\n\r\n".encode() + body

    return make


@pytest.fixture(scope="session")
def probe_once() -> Callable[[Line], Probe]:
    """Probe once on that line, and cut the call when its time is up, as the loop does."""

    def once(line: Line) -> Probe:
        line.prepare()
        due = time.monotonic()
        call = Call(due + line.target.timeout_s)
        timer = threading.Timer(line.target.timeout_s, call.cut)
        timer.start()
        try:
            return probe(line, 0.0, call, due)
        finally:
            timer.cancel()
            timer.join()

    return once
