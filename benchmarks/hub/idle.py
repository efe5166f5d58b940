"""Ten thousand connections that say nothing: `python -m benchmarks.hub.idle`.

While they are open a report is still answered; the hub closes each after ten seconds, and its memory stays small.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path

from benchmarks.hub.running import Connection, Hub, encoded, print_load, report, request, running_hub, verdict

AT_ONCE = 500
ANSWER_MS = 1000.0
MEMORY_MB = 150.0
CLOSED_S = 15.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--connections", type=int, default=10_000)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print_load()
    with tempfile.TemporaryDirectory() as name, running_hub(Path(name)) as hub:
        asyncio.run(hold(hub, options.connections))


async def hold(hub: Hub, count: int) -> None:
    """Open them, send a report, wait until they are closed."""
    sender = await Connection.open(hub.url)
    await sender.send(request(encoded(report())))
    before_mb, begin = hub.memory_mb(), time.perf_counter()
    idle: list[Connection] = []
    while len(idle) < count:
        idle += await asyncio.gather(*(Connection.open(hub.url) for _ in range(min(AT_ONCE, count - len(idle)))))
    opened_s, begin_report = time.perf_counter() - begin, time.perf_counter()
    status = await sender.send(request(encoded(report())))
    took_ms = 1000 * (time.perf_counter() - begin_report)
    print(f"{count} opened in {opened_s:.1f} s; {before_mb:.0f} → {hub.memory_mb():.0f} MB; a report: {status}")
    verdict("the answer to a report meanwhile", took_ms, ANSWER_MS, "ms")
    verdict("memory", hub.memory_mb("VmHWM"), MEMORY_MB, "MB")
    await asyncio.gather(*(each.is_closed() for each in idle))
    verdict("all are closed, since the last was opened", time.perf_counter() - begin - opened_s, CLOSED_S, "s")


if __name__ == "__main__":
    main()
