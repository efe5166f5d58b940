"""Where the slowest answers spend their time: `python -m benchmarks.hub.tail`.

The hub runs in this program, with a note of the time at each station of a request; wrk loads it, 64 connections, closed
loop. Of all requests, and of the slowest hundredth, the table has the mean of each part: what the request waited for
until its batch was handed over, the SQL, the COMMIT, and the way back into the event loop. Below it, what else happened
within them: checkpoints and garbage collections, and how late the event loop was.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.hub.running import SECRET, print_load, quantile, verdict
from benchmarks.servers import SERVER, await_answer, free_port

now = time.perf_counter
PARTS = ("read and check", "wait for the batch", "wait for the writer", "SQL", "COMMIT", "wait for the loop")
Stations = tuple[float, ...]
P99_MS = 10.0
LOOK_S = 0.002


def main() -> None:
    """Start the hub as a process of its own, load it, and let it print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--most", type=int, default=8_000)
    parser.add_argument("--switch-ms", type=float, help="how long a thread may keep Python's lock; default: Python's")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.switch_ms:
        sys.setswitchinterval(options.switch_ms / 1000)
    if options.serve:
        serve(*options.serve)
        return
    print_load()
    with tempfile.TemporaryDirectory() as name:
        load_it(Path(name), options)


def load_it(folder: Path, options: argparse.Namespace) -> None:
    """Load the traced hub by wrk; it prints at its end."""
    from benchmarks.hub.__main__ import Target, load, signed_requests

    port = free_port()
    more = ["--switch-ms", str(options.switch_ms)] if options.switch_ms else []
    command = [sys.executable, "-m", "benchmarks.hub.tail", *more, "--serve", f"{SERVER}:{port}", folder / "hub.db"]
    env = os.environ | {"CI_REPORTER_HUB_SECRETS": SECRET}
    with subprocess.Popen(command, env=env) as process:
        await_answer(process, f"http://{SERVER}:{port}/readyz")
        count = options.most * options.seconds
        url = f"http://{SERVER}:{port}"
        target = Target(name="hub", pid=process.pid, url=url, requests=lambda: signed_requests(count, 1))
        found = load(target, folder, options)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    print(f"\nwrk: {found.rate:.0f}/s")
    verdict("p99 that wrk saw", found.p99_ms, P99_MS, "ms")


class Trace:
    """The stations of requests, and what else took time."""

    def __init__(self) -> None:
        self.requests: list[Stations] = []
        self.others: dict[str, list[tuple[float, float]]] = {"checkpoint": [], "garbage collection": []}
        self.late: list[float] = []
        self.batch: list[float] = []

    @contextmanager
    def other(self, name: str) -> Iterator[None]:
        """Note that something goes on."""
        begin = now()
        yield
        self.others[name].append((begin, now()))

    async def watch_loop(self) -> None:
        """How late the event loop calls."""
        while True:
            due = now() + LOOK_S
            await asyncio.sleep(LOOK_S)
            self.late.append(now() - due)


def serve(listen: str, database: str) -> None:
    """A hub with the stations in it."""
    trace = Trace()
    add_stations(trace)
    from ci_reporter.cli import main as program

    sys.argv = ["ci-reporter", "hub", "serve", "--listen", listen, "--database", database, "--log-level", "error"]
    try:
        program()
    finally:
        show(trace)


def add_stations(trace: Trace) -> None:
    """Put ours in the place of the hub's functions; each calls the one that was there."""
    from ci_reporter.hub.ingest.endpoint import Endpoint
    from ci_reporter.hub.ingest.queue import WriteQueue
    from ci_reporter.hub.store.sqlite import checkpoint, store

    call, submit, hand_over, write = (
        Endpoint.__call__,
        WriteQueue.submit,
        WriteQueue._hand_over,
        store.SqliteStore.write,
    )
    begins: dict[asyncio.Task[Any] | None, float] = {}
    handed: dict[int, float] = {}
    batches: dict[int, Stations] = {}

    async def timed_call(self: Endpoint, *arguments: Any) -> None:
        if not begins and not trace.late:
            trace.late.append(0.0)
            begins[None] = 0.0
            timed_call.watcher = asyncio.create_task(trace.watch_loop())  # type: ignore[attr-defined]
        begins[asyncio.current_task()] = now()
        await call(self, *arguments)

    async def timed_submit(self: WriteQueue, rows: Sequence[Any]) -> Any:
        begin, submitted = begins.pop(asyncio.current_task(), now()), now()
        found = await submit(self, rows)
        if (stations := batches.pop(id(rows), None)) is not None:
            trace.requests.append((begin, submitted, *stations, now()))
        return found

    def timed_hand_over(self: WriteQueue) -> None:
        at = now()
        handed.update((id(each.rows), at) for each in self._pending)
        hand_over(self)

    def timed_write(self: Any, requests: Sequence[Sequence[Any]]) -> Any:
        trace.batch = [now(), 0.0]
        found = write(self, requests)
        end = now()
        for rows in requests:
            batches[id(rows)] = (handed.pop(id(rows), trace.batch[0]), trace.batch[0], trace.batch[1] or end, end)
        return found

    real = store.transaction

    @contextmanager
    def timed_transaction(connection: Any) -> Iterator[None]:
        with real(connection):
            yield
            trace.batch[1:] = [now()]

    Endpoint.__call__, WriteQueue.submit = timed_call, timed_submit  # type: ignore[method-assign]
    WriteQueue._hand_over, store.SqliteStore.write = timed_hand_over, timed_write  # type: ignore[method-assign]
    store.transaction = timed_transaction
    checkpoint.checkpoint = traced(trace, "checkpoint", checkpoint.checkpoint)
    trace_collections(trace)


def traced(trace: Trace, name: str, work: Callable[[str], None]) -> Callable[[str], None]:
    """The work, noted."""

    def run(path: str) -> None:
        with trace.other(name):
            work(path)

    return run


def trace_collections(trace: Trace) -> None:
    """Note each garbage collection."""
    begin = [0.0]

    def noted(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            begin[0] = now()
        else:
            trace.others["garbage collection"].append((begin[0], now()))

    gc.callbacks.append(noted)


def show(trace: Trace) -> None:
    """The table."""
    # begin, submitted, handed over, writing begins, SQL done, committed, back in the event loop
    found = sorted(trace.requests, key=lambda each: each[-1] - each[0])
    slowest = found[-max(1, len(found) // 100) :]
    times = [1000 * (each[-1] - each[0]) for each in found]
    print(f"{len(found)} requests; p50 {quantile(times, 0.5):.1f} ms, p99 {quantile(times, 0.99):.1f} ms in the hub")
    print(f"\n| mean, ms | all | slowest 1 % |\n|---|---|---|\n{rows_of(found, slowest)}")
    for name, spans in trace.others.items():
        hit = sum(any(begin < each[-1] and end > each[0] for begin, end in spans) for each in slowest)
        longest = max((1000 * (end - begin) for begin, end in spans), default=0.0)
        print(
            f"{name}: {len(spans)}, the longest {longest:.1f} ms; during {100 * hit // len(slowest)} % of the slowest"
        )
    late = [1000 * each for each in trace.late]
    print(f"event loop late: p50 {quantile(late, 0.5):.1f} ms, p99 {quantile(late, 0.99):.1f}, largest {max(late):.1f}")


def rows_of(found: Sequence[Stations], slowest: Sequence[Stations]) -> str:
    """A line for each part."""

    def mean(of: Sequence[Stations], at: int) -> float:
        return 1000 * statistics.mean(each[at + 1] - each[at] for each in of)

    return "\n".join(f"| {name} | {mean(found, at):.2f} | {mean(slowest, at):.2f} |" for at, name in enumerate(PARTS))


if __name__ == "__main__":
    main()
