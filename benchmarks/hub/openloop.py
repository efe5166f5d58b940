"""Answer times when reports come on a clock, whatever the hub does: `python -m benchmarks.hub.openloop`.

A time is measured from the moment at which the report was due, so a hub that stops for a second is charged for all
that should have been sent meanwhile. Sent over 64 connections that are kept; each report is new and signed.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.hub.running import Connection, encoded, print_load, quantile, report, request, running_hub, verdict

CONNECTIONS = 64
P99_MS = 10.0


def main() -> None:
    """Measure at each rate, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rates", type=int, nargs="+", default=[150, 1000])
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    print_load()
    with tempfile.TemporaryDirectory() as folder, running_hub(Path(folder)) as hub:
        asyncio.run(at_rate(hub.url, 100, 2.0))  # what is loaded at first use is not measured
        for rate in options.rates:
            times, statuses = asyncio.run(at_rate(hub.url, rate, options.seconds))
            p50, p99, most = (1000 * quantile(times, ratio) for ratio in (0.5, 0.99, 1.0))
            said = f"p50 {p50:.1f} ms, p99 {p99:.1f}, largest {most:.1f}; {hub.memory_mb():.0f} MB"
            print(f"{rate}/s for {options.seconds:g} s: {said}; {dict(statuses)}")
            verdict(f"p99 at {rate}/s", p99, P99_MS, "ms")
            verdict(f"refused at {rate}/s", len(times) - statuses[202], 0, "requests")


async def at_rate(url: str, rate: int, seconds: float) -> tuple[list[float], Counter[int]]:
    """Times in seconds and statuses."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await Connection.open(url))
    times: list[float] = []
    statuses: Counter[int] = Counter()

    async def send(due: float) -> None:
        connection = await free.get()
        statuses[await connection.send(request(encoded(report())))] += 1
        times.append(time.perf_counter() - due)
        free.put_nowait(connection)

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = begin + number / rate
            if (wait_s := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait_s)
            group.create_task(send(due))
    return times, statuses


if __name__ == "__main__":
    main()
