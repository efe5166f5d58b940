"""A hub for a benchmark: `ci-reporter hub serve` as a process, signed requests, and a client of many connections."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.servers import SERVER, await_answer, free_port
from ci_reporter.model import uuid7
from ci_reporter.system.standardwebhooks import signed_headers

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
REPORT = {
    "repository": "acme/shop",
    "pipeline": "CI",
    "branch": "main",
    "step": "pytest",
    "duration_ms": 12345,
    "exit_code": 0,
    "coverage_pct": 93.1,
}
RUNS_AT_ONCE, STEPS = 64, 10
_numbers = itertools.count()
_first_run = time.time_ns() // 1000  # another program that sends to the same hub has other runs


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A hub that runs."""

    pid: int
    url: str
    database: Path

    def memory_mb(self, what: str = "VmRSS") -> float:
        """Its memory now; `VmHWM`: the most that it was."""
        found = re.search(rf"{what}:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return int(found[1]) / 1024


@contextmanager
def running_hub(
    folder: Path, *arguments: str, name: str = "hub", secret: str | None = SECRET, env: Mapping[str, str] | None = None
) -> Iterator[Hub]:
    """A hub with its database in a folder; it is asked to end, and waited for."""
    port, database = free_port(), folder / f"{name}.db"
    place = ("--listen", f"{SERVER}:{port}", "--database", str(database))
    known = dict(os.environ) | {"CI_REPORTER_HUB_LOG_LEVEL": "ERROR", "CI_REPORTER_HUB_ALLOW_ANONYMOUS_METRICS": "1"}
    known |= ({"CI_REPORTER_HUB_SECRETS": secret} if secret else {}) | dict(env or {})
    command = [sys.executable, "-m", "ci_reporter", "hub", "serve", *place, *arguments]
    with subprocess.Popen(command, env=known, stderr=subprocess.DEVNULL) as process:
        try:
            await_answer(process, f"http://{SERVER}:{port}/readyz")
            yield Hub(pid=process.pid, url=f"http://{SERVER}:{port}", database=database)
        finally:
            process.terminate()
            process.wait(60)


def report(**more: object) -> dict[str, object]:
    """A new report of a run of ten steps; 64 runs are on their way at a time, one report of each in its turn."""
    at, place = divmod(next(_numbers), RUNS_AT_ONCE)
    number = at // STEPS * RUNS_AT_ONCE + place
    run = {"provider": "github", "pipeline_id": f"{_first_run + number}", "attempt": "1"}
    named = {"ci_run_id": f"github-{_first_run + number}-1", **run, "job_name": "unit"}
    return {"report_id": uuid7(), **named, **REPORT, **more}


def request(body: bytes, secret: str = SECRET, at_s: float | None = None) -> bytes:
    """A signed request, as it goes over the wire."""
    message_id = uuid7()
    now_s = int(time.time() if at_s is None else at_s)
    headers = signed_headers([secret], message_id, now_s, body) | {"Content-Type": "application/json", "Host": "hub"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /ci-report HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def encoded(found: object) -> bytes:
    """A report as JSON."""
    return json.dumps(found).encode()


class Connection:
    """A connection that is kept, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, url: str) -> Connection:
        """Connect to a hub."""
        parts = urlsplit(url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    async def send(self, request: bytes) -> int:
        """The status of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        await self._reader.readexactly(int(length[1]) if length else 0)
        return int(head.split(b" ", 2)[1])

    async def is_closed(self) -> bool:
        """Wait until the other side closes it."""
        return await self._reader.read(1) == b""

    def close(self) -> None:
        """Close it."""
        self._writer.close()


def quantile(values: list[float], ratio: float) -> float:
    """The value that this share does not exceed."""
    return sorted(values)[min(len(values) - 1, int(ratio * len(values)))]


def verdict(name: str, value: float, limit: float, unit: str, *, at_least: bool = False) -> None:
    """Print whether a figure keeps its target."""
    kept = value >= limit if at_least else value <= limit
    print(
        f"{'ok  ' if kept else 'MISS'}  {name}: {value:.1f} {unit} ({'at least' if at_least else 'at most'} {limit:g})"
    )


def build_shim(folder: Path) -> Path:
    """The shared object of shim.c, to be preloaded."""
    out = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", out, source, "-ldl"], check=True)
    return out


def print_load() -> None:
    """How busy the machine is: figures of a busy one say little."""
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
