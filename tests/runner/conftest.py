"""The installed program in a cleared environment, as a process that tests can talk to."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = os.environ.get("CI_REPORTER_TESTS_PROGRAM") or str(Path(sys.executable).with_name("ci-reporter"))
CLEAN = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


class Wrapped:
    """`ci-reporter run` in a folder of its own."""

    program = PROGRAM

    def __init__(self, folder: Path):
        self.folder = folder
        self.env = CLEAN | {"HOME": str(folder), "PYTHONUNBUFFERED": "1"}

    def start(self, *arguments, env=(), **more):
        """Begin to run; the caller waits. A new session, so that no terminal of the tester's is in the way."""
        more = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
        command = [PROGRAM, "run", *arguments]
        return subprocess.Popen(command, cwd=self.folder, env=self.env | dict(env), start_new_session=True, **more)

    def __call__(self, *arguments, env=(), stdin=None, timeout=60):
        """Run to the end: returncode, stdout and stderr as bytes."""
        extra = {"stdin": subprocess.PIPE} if stdin is not None else {}
        with self.start(*arguments, env=env, **extra) as process:
            out, err = process.communicate(stdin, timeout=timeout)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def records(self):
        """Every record in the state folder."""
        path = self.folder / ".ci-reporter" / "steps.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def record(self):
        """The only record there is."""
        (only,) = self.records()
        return only

    def exists(self, name):
        """Wait until a file is there."""
        eventually((self.folder / name).exists)

    def file(self, name):
        """The content of a file once it is there and not empty."""
        path = self.folder / name
        eventually(lambda: path.exists() and path.read_text())
        return path.read_text()


def eventually(holds, timeout=60.0):
    """Wait until something holds."""
    until = time.monotonic() + timeout
    while not (value := holds()):
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.01)
    return value


def alive(pid):
    """Whether a process is there and no zombie."""
    try:
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False


@pytest.fixture
def wrapped(tmp_path):
    yield Wrapped(tmp_path)
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):  # whatever a failed test has left behind
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/cwd") == str(tmp_path):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(name="eventually")
def _eventually():
    return eventually


@pytest.fixture(name="alive")
def _alive():
    return alive
