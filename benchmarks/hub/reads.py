"""Reads of a hub's database with a million reports: `python -m benchmarks.hub.reads`.

4,800 series of 100 repositories, 48 each, as many reports in each; some are deploys. What is measured is the store, as
a request's thread asks it, with the pages of the file in the system's cache: the median and the largest of the wall
time, and the median of the CPU time, which a busy machine does not make longer. `--database` keeps the file for the
next time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial

from ci_reporter.hub.api.endpoint import Api
from ci_reporter.hub.api.readers import Readers
from ci_reporter.hub.auth.access import ACCESS, Access
from ci_reporter.hub.runs.reading import Wanted, runs
from ci_reporter.hub.runs.steps import keep_runs
from ci_reporter.hub.store import Position, Row
from ci_reporter.hub.store.reading import Kind, Selection
from ci_reporter.hub.store.sqlite.reading import open_reading
from ci_reporter.hub.store.sqlite.store import SqliteStore

REPOSITORIES, SERIES = 100, 48
BEGIN_MS = 1_760_000_000_000
APART_MS = 50
BATCH = 2000
ROUNDS = 30


def main() -> None:
    """Fill a database and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--reports", type=int, default=1_000_000)
    parser.add_argument("--database", help="Where to keep it; filled where it is not there.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.database or os.path.join(folder, "hub.db")
        if not os.path.exists(path):
            fill(path, options.reports)
        print(f"{options.reports:,} reports, {REPOSITORIES * SERIES:,} series; load {os.getloadavg()[0]:.1f}\n")
        print("| question | wall ms, median | largest | CPU ms, median |\n|---|---|---|---|")
        with_store(path, options.reports)
        with_api(path)


def fill(path: str, reports: int) -> None:
    """Write the reports in batches, as a busy hub does."""
    store = SqliteStore(path)
    keep_runs(store)
    began_s = time.perf_counter()
    for start in range(0, reports, BATCH):
        store.write([[row] for row in rows(start, min(start + BATCH, reports))])
    print(f"written at {reports / (time.perf_counter() - began_s):,.0f}/s")
    store.close()


def rows(start: int, end: int) -> Iterator[Row]:
    """Reports of the repositories in turn, each with the next of its steps."""
    for number in range(start, end):
        place = number % (REPOSITORIES * SERIES)
        repository, step = f"acme/shop-{place // SERIES}", place % SERIES
        run = f"github-{number // SERIES}-1"
        branch = "main" if number // (REPOSITORIES * SERIES) % 2 else "other"
        report = {
            "schema": 1,
            "report_id": f"0198c0de-0000-7000-8000-{number:012d}",
            "ci_run_id": run,
            "repository": repository,
            "pipeline": "CI",
            "job_name": f"job-{step // 8}",
            "step": f"step-{step % 8}",
            "branch": branch if branch == "main" else "feature/cart",
            "revision": f"{number // SERIES:040x}",
            "result": "failure" if number % 11 == 0 else "success",
            "exit_code": int(number % 11 == 0),
            "duration_ms": number % 90_000,
            "coverage_pct": 93.1,
            **({"environment": "production"} if step == 47 and number % 7 == 0 else {}),
        }
        series = (repository, "CI", f"job-{step // 8}", f"step-{step % 8}", branch)
        at_ms = BEGIN_MS + number * APART_MS
        yield Row(
            report_id=str(report["report_id"]),
            series=series,
            at_ms=at_ms,
            received_ms=at_ms + 5,
            result=str(report["result"]),
            duration_ms=number % 90_000,
            ci_run_id=run,
            revision=str(report["revision"]),
            body=json.dumps(report),
        )


def with_store(path: str, reports: int) -> None:
    """What the store answers."""
    store = open_reading(path, limit_s=60)
    shop = Selection(repository="acme/shop-7")
    one = Selection("acme/shop-7", "CI", "job-2", "step-1", "main")
    middle = Position(BEGIN_MS + reports // 2 * APART_MS, "x")
    questions: dict[str, Callable[[], object]] = {
        "last 10 of a series": partial(store.reports, one, 10),
        "a page of 48 series, each with its last 10": partial(store.series, Selection(), 48),
        "the newest 30 steps": partial(store.reports, Selection(), 30),
        "30 steps from the middle of the history": partial(store.reports, Selection(), 30, middle),
        "30 steps of a repository": partial(store.reports, shop, 30),
        "30 failed steps of a repository": partial(store.reports, shop._replace(result="failure"), 30),
        "30 steps of a branch that is no series": partial(store.reports, Selection(branch="feature/cart"), 30),
        "the newest 30 runs": partial(runs, store.select, Wanted(), 30),
        "30 runs of a repository": partial(runs, store.select, Wanted(repository="acme/shop-7"), 30),
        "30 failed runs of a repository": partial(
            runs, store.select, Wanted(repository="acme/shop-7", states=("failure",)), 30
        ),
        "30 deployments of a repository": partial(store.reports, shop, 30, None, Kind.DEPLOYMENT),
        "30 gates, where there is none": partial(store.reports, Selection(), 30, None, Kind.GATE),
        "the points of a repository": partial(store.points, shop, 100_000),
    }
    for name, ask in questions.items():
        show(name, ask)
    store.close()


def with_api(path: str) -> None:
    """What a request to the API takes, in process: the thread, JSON and masking are in it, a socket is not."""

    async def measure_all() -> None:
        api = Api(Readers(partial(open_reading, path)))
        for target in ("/series?per_page=48", "/steps", "/runs", "/pipelines?per_page=48", "/dora"):
            times = [await timed(api, target) for _ in range(ROUNDS)]
            row(f"GET /api/v1{target}", times)
        api.close()

    asyncio.run(measure_all())


async def timed(api: Api, target: str) -> tuple[float, float]:
    """Wall and CPU time of a request, in ms."""
    sent = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {}

    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/api/v1{path}",
        "query_string": query.encode(),
        "headers": [],
        ACCESS: Access(),
    }
    began = time.perf_counter(), time.process_time()
    await api(scope, receive, send)
    times = (time.perf_counter() - began[0]) * 1000, (time.process_time() - began[1]) * 1000
    assert sent[0]["status"] == 200, sent
    return times


def show(name: str, ask: Callable[[], object]) -> None:
    """Ask some times, and print a line."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter(), time.process_time()
        ask()
        times.append(((time.perf_counter() - began[0]) * 1000, (time.process_time() - began[1]) * 1000))
    row(name, times)


def row(name: str, times: list[tuple[float, float]]) -> None:
    """A line of the table."""
    walls, cpus = zip(*times, strict=True)
    print(f"| {name} | {statistics.median(walls):.2f} | {max(walls):.2f} | {statistics.median(cpus):.2f} |", flush=True)


if __name__ == "__main__":
    main()
