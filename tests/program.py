"""The installed program as tests call it: `ci-reporter` in a folder of its own and in a cleared environment."""

from __future__ import annotations

import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

# test_pyz.py has the promises tested on another form of the program.
ANOTHER = os.environ.get("CI_REPORTER_TESTS_PROGRAM")
PROGRAM = Path(ANOTHER or Path(sys.executable).with_name("ci-reporter"))
CLEAN = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
FOR_EXEC = ("PYTHON", "LANG", "LC_", "TZ", "LD_")  # variables that are read when a program starts


def can_fork(env: Mapping[str, str]) -> bool:
    """Whether a fork of forkserver.py comes to the same as a start with these variables."""
    return not any(name.startswith(FOR_EXEC) for name in env)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A call of the program that has ended."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Program:
    """The installed `ci-reporter`, in a working folder of its own and with no environment but what a test gives."""

    folder: Path
    home: Path
    forks: ForkServer | None = None

    def __call__(
        self, *args: str, env: Mapping[str, str] | None = None, stdin: str = "", timeout: float = 180
    ) -> Ended:
        """Call it and wait for its end."""
        begun = time.monotonic()
        if self.forks and not ANOTHER and can_fork(env or {}):
            environment = self.environment() | dict(env or {})
            code, *texts = self.forks.call((PROGRAM, *args), self.folder, environment, stdin.encode(), timeout)
        else:
            code, *texts = self._run(args, env, stdin.encode(), timeout)
        out, err = (each.decode("utf-8", "replace") for each in texts)
        return Ended(returncode=code, stdout=out, stderr=err, seconds=time.monotonic() - begun)

    def _run(
        self, args: tuple[str, ...], env: Mapping[str, str] | None, stdin: bytes, timeout: float
    ) -> tuple[int, bytes, bytes]:
        with self.start(*args, env=env) as process:
            try:
                out, err = process.communicate(stdin, timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return process.returncode, out, err

    def start(self, *args: str, env: Mapping[str, str] | None = None, **how: object) -> subprocess.Popen[bytes]:
        """Start it with pipes, or with what `how` tells Popen; whoever starts it waits for it."""
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        environment = self.environment() | dict(env or {})
        return subprocess.Popen([PROGRAM, *args], **{"cwd": self.folder, "env": environment} | pipes | how)

    def environment(self) -> dict[str, str]:
        """What the program has when a test adds nothing."""
        return CLEAN | {"HOME": str(self.home)}

    def start_fork(self, *args: str, env: Mapping[str, str] | None = None) -> Forked:
        """Start it by a fork, without input, to send it a signal; whoever starts it waits for it."""
        assert self.forks
        return self.forks.start((PROGRAM, *args), self.folder, self.environment() | dict(env or {}))

    @property
    def state(self) -> Path:
        """The state folder, where nobody moved it."""
        return self.folder / ".ci-reporter"

    def records(self) -> list[dict]:
        """What steps.ndjson holds."""
        path = self.state / "steps.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def spooled(self) -> list[dict]:
        """What the spool holds, oldest first."""
        return [json.loads(path.read_text()) for path in sorted((self.state / "spool").glob("*.json"))]


class ForkServer:
    """Calls of the program by way of forkserver.py."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair()
        command = [sys.executable, Path(__file__).with_name("forkserver.py"), str(theirs.fileno())]
        pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)  # as the calls have; stderr is that of the tests
        self._process = subprocess.Popen(command, env=CLEAN, pass_fds=[theirs.fileno()], **pipes)
        theirs.close()

    def stop(self) -> None:
        """End the server; what it has forked ends by itself."""
        self._requests.close()
        self._process.communicate()

    def call(
        self, command: Sequence[object], folder: Path, env: Mapping[str, str], stdin: bytes, timeout: float
    ) -> tuple[int, bytes, bytes]:
        """Call the program: its exit code, stdout and stderr. Raises subprocess.TimeoutExpired."""
        with ExitStack() as stack:
            ends = [os.pipe() for _ in range(4)]  # stdin, stdout, stderr, and the server's word on how it ended
            self._request(command, folder, env, [ends[0][0], *(write for _, write in ends[1:])])
            into = stack.enter_context(os.fdopen(ends[0][1], "wb", buffering=0))
            sources = [stack.enter_context(os.fdopen(read, "rb", buffering=0)) for read, _ in ends[1:]]
            out, err, status = _communicate(into, sources, stdin, timeout)
        assert status, f"{Path(__file__).with_name('forkserver.py')} has failed, see stderr"
        return int(status.split()[1]), out, err

    def start(self, command: Sequence[object], folder: Path, env: Mapping[str, str]) -> Forked:
        """Start the program without input; whoever starts it waits for it."""
        read, write = os.pipe()
        streams = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115  `wait` closes them
        self._request(
            command,
            folder,
            env,
            [os.open(os.devnull, os.O_RDONLY), *(os.dup(each.fileno()) for each in streams), write],
        )
        return Forked(read, *streams)

    def _request(
        self, command: Sequence[object], folder: Path, env: Mapping[str, str], descriptors: Sequence[int]
    ) -> None:
        """Have the server fork, with these as the streams and for its word on how it ended; they are closed here."""
        with tempfile.TemporaryFile() as request:
            request.write(json.dumps([[str(each) for each in command], str(folder), dict(env)]).encode())
            request.seek(0)
            socket.send_fds(self._requests, [b"1"], [request.fileno(), *descriptors])
        for each in descriptors:
            os.close(each)


class Forked:
    """A call that goes on."""

    def __init__(self, status: int, stdout: BinaryIO, stderr: BinaryIO) -> None:
        self._status = os.fdopen(status)
        self._streams = (stdout, stderr)
        self._pid = int(self._status.readline())

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)

    def wait(self) -> tuple[int, bytes, bytes]:
        """Its exit code, or minus the signal that ended it, and what it has printed."""
        with self._status, self._streams[0], self._streams[1]:
            code = int(self._status.readline())
            for each in self._streams:
                each.seek(0)
            return code, *(each.read() for each in self._streams)


def _communicate(into: FileIO, sources: Sequence[FileIO], stdin: bytes, timeout: float) -> list[bytes]:
    """Write what is to be read, and read all there is, as Popen.communicate does; the last source begins with a pid."""
    got = {each: bytearray() for each in sources}
    until = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        for each in sources:
            selector.register(each, selectors.EVENT_READ)
        selector.register(into, selectors.EVENT_WRITE)
        while selector.get_map():
            ready = selector.select(max(0.0, until - time.monotonic()))
            if not ready:
                os.kill(int(got[sources[-1]].split()[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired("ci-reporter", timeout)
            for key, _ in ready:
                done = not (stdin := _write(into, stdin)) if key.fileobj is into else not _read(key.fileobj, got)
                if done:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
    return [bytes(each) for each in got.values()]


def _write(into: FileIO, stdin: bytes) -> bytes:
    """Write a piece; what is left."""
    try:
        return stdin[os.write(into.fileno(), stdin[: select.PIPE_BUF]) :]
    except BrokenPipeError:
        return b""


def _read(source: FileIO, got: Mapping[FileIO, bytearray]) -> bytes:
    chunk = os.read(source.fileno(), 65536)
    got[source].extend(chunk)
    return chunk
