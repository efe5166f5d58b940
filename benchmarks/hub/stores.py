"""Rows a second into SQLite and PostgreSQL, side by side: `python -m benchmarks.hub.stores --database URL`.

Each writes batches of new reports of 48 series, each batch one durable transaction: 64 reports are what a hub under
load has at a time, 1,000 what a backlog has. The rounds are interleaved; medians. With PostgreSQL also by three hubs at
a time, as threads here. Use an empty database, and a server with fsync on, or the figures say nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ci_reporter.hub.store import Row, Store
from ci_reporter.hub.store.opening import open_store
from ci_reporter.model import uuid7

SERIES = [("acme/shop", "CI", f"job {number}", "pytest", "main") for number in range(48)]
SIZES = (64, 1000)
HUBS = 3


def main() -> None:
    """Measure and print."""
    options = _options()
    print(f"{options.rounds} rounds of {options.reports} reports, load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        sqlite = open_store(str(Path(folder) / "hub.db"))
        postgres = [open_store(options.database) for _ in range(HUBS)]
        rows: dict[str, Callable[[int], float]] = {
            "SQLite": partial(rate, [sqlite], options.reports),
            "PostgreSQL": partial(rate, postgres[:1], options.reports),
            f"PostgreSQL, {HUBS} hubs": partial(rate, postgres, options.reports),
        }
        for size in SIZES:
            found: dict[str, list[float]] = {name: [] for name in rows}
            for _ in range(options.rounds):
                for name, measure in rows.items():
                    found[name].append(measure(size))
            for name, rates in found.items():
                print(f"{name:22} {size:5} a transaction: {statistics.median(rates):8,.0f} reports/s")
        for store in (sqlite, *postgres):
            store.close()
    print(f"load after: {os.getloadavg()[0]:.1f}")


def rate(stores: Sequence[Store], reports: int, size: int) -> float:
    """Reports a second that these write at a time."""
    begun = time.perf_counter()
    threads = [threading.Thread(target=write, args=(store, reports // len(stores), size)) for store in stores]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return reports / (time.perf_counter() - begun)


def write(store: Store, reports: int, size: int) -> None:
    """Write so many new reports."""
    for first in range(0, reports, size):
        store.write([[make_row(number)] for number in range(first, first + size)])


def make_row(number: int) -> Row:
    """A new report, of some 240 bytes."""
    report_id, now_ms = uuid7(), round(time.time() * 1000)
    body = {"report_id": report_id, "repository": "acme/shop", "branch": "main", "duration_ms": 12345, "exit_code": 0}
    return Row(
        report_id=report_id,
        series=SERIES[number % len(SERIES)],
        at_ms=now_ms,
        received_ms=now_ms,
        result="success",
        duration_ms=12345,
        ci_run_id=f"github-{number}-1",
        revision="c0ffee",
        body=json.dumps({**body, "padding": "x" * 100}),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True, metavar="URL")
    parser.add_argument("--folder", metavar="DIR", help="where the SQLite file is; default: the temporary folder")
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
