"""A hub as people run it: `ci-reporter hub serve`, a process of its own on a free port of 127.0.0.1."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import eventually
from tests.program import CLEAN, PROGRAM


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What an endpoint answered that was called in process."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Hub:
    """The process, its address, its database and its log."""

    def __init__(self, folder: Path, env: Mapping[str, str], database: str | None = None) -> None:
        self.port = 0  # the kernel gives one that is free
        self.database = database or folder / "hub.db"
        self.log = folder / "hub.log"
        self._folder, self._env = folder, env
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Hub:
        """Start it and wait until it is ready."""
        place = ("--listen", f"127.0.0.1:{self.port}", "--database", str(self.database))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, PROGRAM, "hub", "serve", *place], cwd=self._folder, env=CLEAN | self._env, stderr=log
            )
        eventually(self._is_ready, f"the hub to be ready, see {self.log}")
        return self

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; its exit code."""
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(30)

    def post(self, report: object, **headers: str) -> tuple[int, dict[str, object]]:
        """Status and document of the answer to a report."""
        body = report if isinstance(report, bytes) else json.dumps(report).encode()
        named = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        request = urllib.request.Request(f"{self.url}/ci-report", body, named)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, json.load(exc)

    def get(self, path: str, **headers: str) -> bytes:
        """What it answers at a path."""
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=headers), timeout=30) as answer:
            return answer.read()

    def _is_ready(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log.read_text()
        said = re.findall(r"the hub listens on http://127.0.0.1:(\d+)", self.log.read_text())
        self.port = int(said[-1]) if said else 0
        try:
            self.get("/readyz")
        except OSError:
            return False
        return True


@contextmanager
def running_hub(folder: Path, **env: str) -> Iterator[Hub]:
    """A hub that runs, and is stopped in the end."""
    hub = Hub(folder, env)
    try:
        yield hub.start()
    finally:
        if hub.process and hub.process.poll() is None:
            hub.stop()
