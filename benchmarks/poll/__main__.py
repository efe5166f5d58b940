"""Two thousand repositories every 30 seconds: `python -m benchmarks.poll`, the poller against a fake GitHub.

The fake is a process of its own; the poller's CPU and memory are this process's, on the event loop that the hub has
(uvloop). First every repository is looked at for the first time. Then nothing new happens for some rounds: spread over
the interval, as the poller does it, and all at once, as after a pause; beside it aiohttp alone asks for the same. Then
several runs begin and end in each repository between two looks, and those that were not seen are counted; a poller of
the latest run alone sees one in each. Take the ratios and what was missed, not the times, which are mostly the fake's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import uvloop

from ci_reporter.config import yaml
from ci_reporter.hub.poll.assembly import poller
from ci_reporter.hub.poll.poller import Poller
from ci_reporter.hub.settings.poll import Poll, poll_of
from ci_reporter.hub.store.sqlite.store import SqliteStore
from ci_reporter.hub.upstream import github
from tests.fakes.github import FakeGitHub

_TOKEN = "BENCHMARK_TOKEN"


def main() -> None:
    """Measure and print."""
    options = _options()
    with _fake(options.repositories) as url, tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(str(Path(folder) / "hub.db"))
        try:
            uvloop.run(_measure(options, url, store))
        finally:
            store.close()


async def _measure(options: argparse.Namespace, url: str, store: SqliteStore) -> None:
    found = poller(_poll(options, url), store, {_TOKEN: FakeGitHub.token}, branches=("main",), alone=True)
    assert found
    began_s, cpu_s = time.monotonic(), time.process_time()
    await found.start()
    try:
        await _until(lambda: _is_whole(found, options.repositories), options.interval * 20)
        print(
            f"first round of {options.repositories} repositories: {time.monotonic() - began_s:.1f} s,"
            f" CPU {time.process_time() - cpu_s:.1f} s, {_requests(found)} requests, {_runs(store)} runs"
        )
        await _steady(options, found)
        await _at_once(options, url, found)
        await _churn(options, url, found, store)
    finally:
        await found.stop()


async def _steady(options: argparse.Namespace, found: Poller) -> None:
    """Rounds in which nothing changes."""
    await asyncio.sleep(options.interval)
    asked, revalidated, cpu_s, began_s = _requests(found), _revalidated(found), time.process_time(), time.monotonic()
    oldest_s = 0.0
    while time.monotonic() - began_s < options.rounds * options.interval:
        await asyncio.sleep(1.0)
        oldest_s = max(oldest_s, _oldest_s(found))
    cpu_s, took_s = time.process_time() - cpu_s, time.monotonic() - began_s
    asked, revalidated = _requests(found) - asked, _revalidated(found) - revalidated
    print(
        f"nothing new for {took_s:.0f} s: {asked} requests, {revalidated} of them revalidated;"
        f" CPU {cpu_s / asked * 1e6:.0f} µs a request, {cpu_s / took_s:.1%} of a core;"
        f" data at most {oldest_s:.1f} s old; RSS {_rss_mb():.0f} MB"
    )


async def _at_once(options: argparse.Namespace, url: str, found: Poller) -> None:
    """All looks of a round at the same time, as far as the concurrency allows."""
    figures = []
    for _ in range(options.rounds):
        asked, cpu_s, began_s = _requests(found), time.process_time(), time.monotonic()
        found.poll_now()
        await _until(lambda asked=asked: _requests(found) - asked > options.repositories, options.interval * 4)
        figures.append(((time.process_time() - cpu_s) / (_requests(found) - asked), time.monotonic() - began_s))
    cpu_s, took_s = (statistics.median(each) for each in zip(*figures, strict=True))
    alone_s = await _aiohttp_alone(options, url)
    print(
        f"all at once, {options.concurrency} at a time: CPU {cpu_s * 1e6:.0f} µs a request, {took_s:.1f} s a round;"
        f" aiohttp alone: {alone_s * 1e6:.0f} µs, so the poller is {cpu_s / alone_s:.1f}x"
    )


async def _aiohttp_alone(options: argparse.Namespace, url: str) -> float:
    """CPU seconds of a GET that is answered with 304, without anything of ours."""
    base = f"{url}/api/v3/repos/acme/repository-"
    addresses = [f"{base}{number}/actions/runs?per_page=100" for number in range(options.repositories)]
    headers = {"Authorization": f"Bearer {FakeGitHub.token}", **github.headers(None)}
    etags: dict[str, str] = {}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(left: list[str]) -> None:
            while left:
                address = left.pop()
                known = {"If-None-Match": etags[address]} if address in etags else {}
                async with session.get(address, headers={**headers, **known}) as response:
                    await response.read()
                    etags[address] = response.headers["ETag"]

        left = list(addresses)
        await asyncio.gather(*(ask(left) for _ in range(options.concurrency)))
        left = list(addresses)

        cpu_s = time.process_time()
        await asyncio.gather(*(ask(left) for _ in range(options.concurrency)))
        return (time.process_time() - cpu_s) / options.repositories


async def _churn(options: argparse.Namespace, url: str, found: Poller, store: SqliteStore) -> None:
    """Runs that begin and end between two looks."""
    before, cpu_s, asked = _runs(store), time.process_time(), _requests(found)
    request = urllib.request.Request(f"{url}/churn?runs={options.churn}", method="POST")
    await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=60).close())
    found.poll_now()
    wanted = options.repositories * options.churn
    await _until(lambda: _runs(store) - before >= wanted, options.interval * 20)
    seen = _runs(store) - before
    print(
        f"{wanted} runs began and ended between two looks: {wanted - seen} missed"
        f" (a poller of the latest run alone: {wanted - options.repositories}),"
        f" {_requests(found) - asked} requests, CPU {(time.process_time() - cpu_s) / wanted * 1e3:.2f} ms a run"
    )


def _poll(options: argparse.Namespace, url: str) -> Poll:
    text = (
        f"targets: [{{provider: github, url: {url}, repositories: 'acme/*', token_env: {_TOKEN},"
        f" interval: {options.interval}s, concurrency: {options.concurrency}}}]"
    )
    return poll_of(yaml.parse(text.encode(), "benchmark"))


@contextmanager
def _fake(count: int) -> Iterator[str]:
    argv: Sequence[str] = (sys.executable, "-m", "benchmarks.poll.fake", str(count))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def _until(condition: Callable[[], bool], most_s: float) -> None:
    end_s = time.monotonic() + most_s
    while not condition() and time.monotonic() < end_s:
        await asyncio.sleep(0.2)


def _is_whole(found: Poller, count: int) -> bool:
    told = found.told()
    return len(told) == count + 1 and all(each.looked_ms for each in told.values())


def _oldest_s(found: Poller) -> float:
    looked_ms = [each.looked_ms for name, each in found.told().items() if not name.startswith("lookup ")]
    return time.time() - min(looked_ms) / 1000


def _requests(found: Poller) -> int:
    return sum(found.meter.requests.values())


def _revalidated(found: Poller) -> int:
    return sum(found.meter.revalidated.values())


def _runs(store: SqliteStore) -> int:
    return int(store.select("SELECT count(*) FROM run WHERE status IS NOT NULL")[0][0])


def _rss_mb() -> float:
    pages = int(Path(f"/proc/{os.getpid()}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=2000)
    parser.add_argument("--interval", type=int, default=30, help="seconds")
    parser.add_argument("--rounds", type=int, default=3, help="rounds in which nothing changes")
    parser.add_argument("--churn", type=int, default=3, help="runs that begin and end in each repository")
    parser.add_argument("--concurrency", type=int, default=32, help="requests at the same time")
    return parser.parse_args()


if __name__ == "__main__":
    main()
