"""The live wall under load: `python -m benchmarks.hub.live`.

A hub with 1,000 pipelines, 500 clients of `/events`, 20 reports a second, each of which changes a card. What is
measured is from the moment that the job sends its report until a client has read the card from its connection, for
every client and every change; and how long the wall itself takes to come, zipped, as a browser asks for it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import uvloop

from benchmarks.hub.running import running_hub

CLIENTS, PIPELINES, CHANGES_A_S, SECONDS = 500, 1000, 20, 10
P99_MS, PAGE_MS = 50.0, 100.0
_SEED_AT_ONCE = 200
_MARK = b'data-order="'


def main() -> None:
    """Print a table, and whether the targets are met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_hub(Path(folder), secret=None) as running:
        seed(running.url)
        page_ms = page_times_ms(running.url)
        port = int(running.url.rpartition(":")[2])
        before_s = cpu_s(running.pid)
        latencies = sorted(uvloop.run(watch(port, options.clients, options.seconds)))
        report(page_ms, latencies, running.memory_mb())
        print(f"\nCPU of the hub: {(cpu_s(running.pid) - before_s) / len(latencies) * 1e6:.0f} µs a message")


def cpu_s(pid: int) -> float:
    """What a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def seed(url: str) -> None:
    """One run of each pipeline."""
    for start in range(0, PIPELINES, _SEED_AT_ONCE):
        post(url, [a_report(at, 0) for at in range(start, start + _SEED_AT_ONCE)])


def a_report(place: int, number: int) -> dict[str, object]:
    """The report of a run of a pipeline."""
    return {
        "report_id": f"r-{place}-{number}",
        "ci_run_id": f"run-{place}-{number}",
        "repository": f"acme/shop-{place}",
        "pipeline": "CI",
        "branch": "main",
        "default_branch": "main",
        "job_name": "unit",
        "step": "pytest",
        "duration_ms": 1000 + number,
        "exit_code": number % 2,
    }


def post(url: str, document: object) -> None:
    """Send reports; SystemExit where they are not taken."""
    body = json.dumps(document).encode()
    request = urllib.request.Request(f"{url}/ci-report", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        if answer.status != 202:
            raise SystemExit(f"a report was answered {answer.status}")


def page_times_ms(url: str) -> list[float]:
    """How long the wall takes, once all cards are there."""
    found: list[float] = []
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s:
        began_s = time.perf_counter()
        request = urllib.request.Request(f"{url}/?state=passing", headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        found.append(1000 * (time.perf_counter() - began_s))
        if len(body) > 5_000 and len(found) > 30:
            return found[-20:]
    raise SystemExit("the wall has no cards")


class Client(asyncio.Protocol):
    """One client of `/events`: the name in each card says which change it is of."""

    def __init__(self, sent_s: dict[bytes, float], latencies: list[float]) -> None:
        self._sent_s, self._latencies = sent_s, latencies
        self.is_open = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
        """Ask for the events."""
        transport.write(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        """Count each card that begins here; its name is in one piece with its beginning, which is short."""
        now_s = time.perf_counter()
        if not self.is_open.done() and b"retry: " in data:
            self.is_open.set_result(None)
        at = data.find(_MARK)
        while at >= 0:
            name = data[at + len(_MARK) + 2 : data.index(b"\t", at)]
            self._latencies.append(1000 * (now_s - self._sent_s[name]))
            at = data.find(_MARK, at + 1)


async def watch(port: int, clients: int, seconds: float) -> list[float]:
    """The latencies of every change at every client, in milliseconds."""
    sent_s: dict[bytes, float] = {}
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    for _ in range(clients):
        _, client = await loop.create_connection(lambda: Client(sent_s, latencies), "127.0.0.1", port)
        await client.is_open
    count = round(seconds * CHANGES_A_S)
    jobs = []  # a connection that nobody has is closed, and its request with it
    began_s = time.perf_counter()
    for number in range(1, count + 1):
        await asyncio.sleep(max(0.0, began_s + number / CHANGES_A_S - time.perf_counter()))
        place = number % PIPELINES
        sent_s[f"acme/shop-{place}".encode()] = time.perf_counter()
        jobs.append(await send(port, a_report(place, number)))
    await asyncio.sleep(2)
    if len(latencies) < clients * count:
        print(f"missed: {clients * count - len(latencies)} of {clients * count} messages", file=sys.stderr)
    return latencies


async def send(port: int, document: dict[str, object]) -> asyncio.StreamWriter:
    """Send a report, and do not wait for its answer."""
    body = json.dumps(document).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = (
        "POST /ci-report HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    writer.write("\r\n".join((*lines, "", "")).encode() + body)
    return writer


def report(page_ms: list[float], latencies: list[float], rss_mb: float) -> None:
    """Print what was found."""
    p50, p99 = (latencies[round(len(latencies) * share)] for share in (0.5, 0.99))
    page = statistics.median(page_ms)
    print(f"load {os.getloadavg()[0]:.1f}; {len(latencies):,} messages; the hub has {rss_mb:.0f} MB\n")
    print("| what | ms | target | |\n|---|---|---|---|")
    print(f"| the wall of {PIPELINES:,} pipelines, median | {page:.1f} | {PAGE_MS:.0f} | {met(page, PAGE_MS)} |")
    print(f"| a change at a client, median | {p50:.1f} | – | |")
    print(f"| a change at a client, p99 | {p99:.1f} | {P99_MS:.0f} | {met(p99, P99_MS)} |")


def met(value: float, most: float) -> str:
    """Whether a target is met."""
    return "met" if value <= most else "NOT MET"


if __name__ == "__main__":
    main()
