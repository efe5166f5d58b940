"""What the health middleware costs a service: `python -m benchmarks.health`, requests/s under wrk.

One server process a service, bare and wrapped side by side, one of them under load at a time; the rounds are
interleaved and every second one goes the other way round. Medians; the cost is that of each round's pair, between its
quartiles. On a machine that does other things too, look at the processor time a request takes: it is what a busy server
has less of. Needs wrk (apt-get install wrk), gunicorn and uvicorn (pip install 'ci-reporter[test]').
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.servers import SERVER, await_answer, free_port


@dataclass(frozen=True, kw_only=True)
class Service:
    """An app of `benchmarks.health.services`, bare and wrapped, and the server that runs it."""

    name: str
    app: str
    server: Sequence[str]
    path: str = "/items/42"


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that runs: where to load it, and its process."""

    url: str
    pid: int


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one load came to."""

    rate: float
    cpu_us: float


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
    print(f"\n{'service':20}{'':14}{'bare':>9}{'wrapped':>9}{'cost':>8}{'quartiles':>16}")
    for service in SERVICES:
        if options.only in service.name:
            _print(service, _measured(service, options.rounds, options.seconds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=2, choices=range(1, 6))
    parser.add_argument("--only", default="", metavar="NAME", help="only services with this in their name")
    return parser.parse_args()


def _measured(service: Service, rounds: int, seconds: int) -> list[tuple[Load, Load]]:
    """The loads of each round: bare, wrapped."""
    found = []
    with ExitStack() as stack:
        bare, wrapped = (stack.enter_context(_running(service, kind)) for kind in ("bare", "wrapped"))
        for server in (bare, wrapped):
            _load(server, 1)
        for number in range(rounds):
            order = (bare, wrapped) if number % 2 else (wrapped, bare)
            loads = {server.url: _load(server, seconds) for server in order}
            found.append((loads[bare.url], loads[wrapped.url]))
    return found


@contextmanager
def _running(service: Service, kind: str) -> Iterator[Running]:
    """Run the service."""
    port = free_port()
    flags = [each.format(port=port) for each in service.server[1:]]
    command = [sys.executable, "-m", service.server[0], *flags, f"benchmarks.health.services:{service.app}_{kind}"]
    with subprocess.Popen(command) as process:
        try:
            url = f"http://{SERVER}:{port}{service.path}"
            await_answer(process, url)
            yield Running(url=url, pid=process.pid)
        finally:
            process.terminate()


def _load(server: Running, seconds: int) -> Load:
    """Load it; an answer that is none of 2xx ends the measuring."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", server.url]
    before_s = _cpu_s(server.pid)
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 20).stdout
    used_s = _cpu_s(server.pid) - before_s
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{server.url}: {said}")
    rate, requests = re.search(r"Requests/sec:\s*([\d.]+)", said), re.search(r"(\d+) requests in", said)
    assert rate and requests
    return Load(rate=float(rate[1]), cpu_us=used_s * 1e6 / int(requests[1]))


def _cpu_s(pid: int) -> float:
    """Processor time of a process and of its children, in seconds."""
    with open(f"/proc/{pid}/stat") as stat, open(f"/proc/{pid}/task/{pid}/children") as children:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
        below = [int(each) for each in children.read().split()]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK") + sum(map(_cpu_s, below))


def _print(service: Service, found: Sequence[tuple[Load, Load]]) -> None:
    rates = [(bare.rate, wrapped.rate, 1 - wrapped.rate / bare.rate) for bare, wrapped in found]
    times = [(bare.cpu_us, wrapped.cpu_us, wrapped.cpu_us / bare.cpu_us - 1) for bare, wrapped in found]
    for title, what, rows in ((service.name, "requests/s", rates), ("", "µs CPU each", times)):
        bare, wrapped, cost = (statistics.median(column) for column in zip(*rows, strict=True))
        costs = [row[2] for row in rows]
        low, _, high = statistics.quantiles(costs, n=4) if len(costs) > 1 else costs * 3
        print(f"{title:20}{what:14}{bare:9.0f}{wrapped:9.0f}{cost:8.1%}{low:10.1%} ..{high:6.1%}")


if __name__ == "__main__":
    main()
