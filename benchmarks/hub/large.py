"""A hub with a million reports, and one with 25,000 lines of metrics: `python -m benchmarks.hub.large`.

The first is asked for pages of the API, is sent reports, and is scraped; what counts is its memory. The second is
scraped, with nothing new and with a report since the last time. `--database` keeps the million for the next time.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.hub.reads import fill
from benchmarks.hub.running import Connection, Hub, encoded, print_load, report, request, running_hub, verdict

MEMORY_MB = 150.0
SCRAPE_MS = 10.0
LINES = 25_000
LINES_A_SERIES = 25
ASKED = ("/series?per_page=48", "/steps?per_page=100", "/runs", "/pipelines?per_page=48", "/dora", "/trends", "/tests")
SCRAPES = 15


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--reports", type=int, default=1_000_000)
    parser.add_argument("--database", help="where to keep the million; filled where it is not there")
    options = parser.parse_args()
    print_load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = Path(options.database) if options.database else folder / "million.db"
        if not kept.exists():
            fill(str(kept), options.reports)
        with running_hub(kept.parent, "--allow-anonymous-reads", name=kept.stem) as hub:
            of_memory(hub)
        with running_hub(folder) as hub:
            of_scrapes(hub)


def of_memory(hub: Hub) -> None:
    """Let it work, and look at its memory."""
    print(f"after the start {hub.memory_mb():.0f} MB")
    for target in ASKED:
        ask(f"{hub.url}/api/v1{target}")
    print(f"after {len(ASKED)} pages {hub.memory_mb():.0f} MB")
    asyncio.run(send(hub, [report(job_name=f"new {number}") for number in range(500)]))
    lines = get(f"{hub.url}/metrics").count(b"\n")
    print(f"after 500 reports and a scrape of {lines:,} lines {hub.memory_mb():.0f} MB")
    verdict("memory, the most at any time", hub.memory_mb("VmHWM"), MEMORY_MB, "MB")


def of_scrapes(hub: Hub) -> None:
    """Scrape it."""
    asyncio.run(send(hub, [report(job_name=f"job {number}") for number in range(LINES // LINES_A_SERIES)]))
    lines = get(f"{hub.url}/metrics").count(b"\n")
    same = [timed(hub.url) for _ in range(SCRAPES)]
    changed = []
    for _ in range(SCRAPES // 3):
        asyncio.run(send(hub, [report(job_name="job 0")]))
        time.sleep(1.1)  # the snapshot is brought up to date once a second
        changed.append(timed(hub.url))
    print(f"{lines:,} lines; ms, median: nothing new {statistics.median(same):.1f},", end=" ")
    print(f"a report since {statistics.median(changed):.1f}; in gzip {timed(hub.url, zipped=True):.1f}")
    verdict("a scrape", statistics.median(same), SCRAPE_MS, "ms")
    verdict("a scrape after a report", statistics.median(changed), SCRAPE_MS, "ms")


async def send(hub: Hub, reports: list[dict[str, object]]) -> None:
    """Send them in batches."""
    connection = await Connection.open(hub.url)
    for at in range(0, len(reports), 100):
        assert await connection.send(request(encoded(reports[at : at + 100]))) == 202
    connection.close()


def timed(url: str, *, zipped: bool = False) -> float:
    """Milliseconds of one scrape."""
    begin = time.perf_counter()
    get(f"{url}/metrics", zipped=zipped)
    return 1000 * (time.perf_counter() - begin)


def ask(url: str) -> None:
    """Ask for a page; one that a busy machine does not make within the hub's limit of 2 s is said."""
    try:
        get(url)
    except urllib.error.HTTPError as exc:
        print(f"{url}: {exc}")


def get(url: str, *, zipped: bool = False) -> bytes:
    """The body of an answer."""
    headers = {"Accept-Encoding": "gzip"} if zipped else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        body = answer.read()
    return gzip.decompress(body) if zipped else body


if __name__ == "__main__":
    main()
