"""What the health middleware costs a service: `python -m benchmarks.health`, requests/s under wrk.

One server process a service, bare and wrapped side by side, one of them under load at a time; the rounds are
interleaved and every second one goes the other way round. Medians, and the ratio of each round's pair. Needs wrk
(apt-get install wrk), gunicorn and uvicorn (pip install 'ci-reporter[test]'); everything stays on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

SERVER = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Service:
    """An app of `benchmarks.health.services`, bare and wrapped, and the server that runs it."""

    name: str
    app: str
    server: Sequence[str]
    path: str = "/items/42"


UVICORN = ("uvicorn", "--no-access-log", "--log-level", "error", "--port", "{port}")
GUNICORN = ("gunicorn", "--log-level", "error", "--threads", "4", "--bind", f"{SERVER}:{{port}}")
SERVICES = (
    Service(name="Flask, gunicorn", app="flask", server=GUNICORN),
    Service(name="FastAPI, uvicorn", app="fastapi", server=UVICORN),
    Service(name="bare ASGI, uvicorn", app="asgi", server=UVICORN, path="/"),
)


def main() -> None:
    """Measure and print."""
    options = _options()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed: apt-get install wrk")
    print(f"{options.rounds} rounds of {options.seconds} s, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    print(f"\n{'service':22}{'bare req/s':>12}{'wrapped':>10}{'cost':>8}{'rounds from':>14}{'to':>8}")
    for service in SERVICES:
        if options.only in service.name:
            _print(service, _measured(service, options.rounds, options.seconds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=3, choices=range(1, 6))
    parser.add_argument("--only", default="", metavar="NAME", help="only services with this in their name")
    return parser.parse_args()


def _measured(service: Service, rounds: int, seconds: int) -> list[tuple[float, float]]:
    """Requests/s of each round: bare, wrapped."""
    found = []
    with ExitStack() as stack:
        bare, wrapped = (stack.enter_context(_running(service, kind)) for kind in ("bare", "wrapped"))
        for url in (bare, wrapped):
            _load(url, 1)
        for number in range(rounds):
            order = (bare, wrapped) if number % 2 else (wrapped, bare)
            rates = {url: _load(url, seconds) for url in order}
            found.append((rates[bare], rates[wrapped]))
    return found


@contextmanager
def _running(service: Service, kind: str) -> Iterator[str]:
    """Run the service; gives the URL to load."""
    port = _free_port()
    flags = [each.format(port=port) for each in service.server[1:]]
    command = [sys.executable, "-m", service.server[0], *flags, f"benchmarks.health.services:{service.app}_{kind}"]
    with subprocess.Popen(command) as process:
        try:
            _await_port(process, port)
            yield f"http://{SERVER}:{port}{service.path}"
        finally:
            process.terminate()


def _load(url: str, seconds: int) -> float:
    """Requests/s; an answer that is none of 2xx ends the measuring."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", url]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 20).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{url}: {said}")
    rate = re.search(r"Requests/sec:\s*([\d.]+)", said)
    assert rate
    return float(rate[1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((SERVER, 0))
        return probe.getsockname()[1]


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection((SERVER, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"no server on port {port}")


def _print(service: Service, found: Sequence[tuple[float, float]]) -> None:
    bare, wrapped = (statistics.median(column) for column in zip(*found, strict=True))
    costs = sorted(1 - slower / faster for faster, slower in found)
    cost = statistics.median(costs)
    low, high = costs[len(costs) // 4], costs[-1 - len(costs) // 4]
    print(f"{service.name:22}{bare:12.0f}{wrapped:10.0f}{cost:8.1%}{low:14.1%}{high:8.1%}")


if __name__ == "__main__":
    main()
