"""A hub with everything on: `python -m benchmarks.hub.soak --minutes 60 --rate 50`.

Webhooks of all vendors, signed; reports of the steps of the same runs; polls of the same runs again, and of some whose
last webhook is never sent; alerts to a strict channel; clients of `/events`, a Prometheus, readers of the API and of
pages; retention. Each minute a line says how the process is; in the end each run must be counted once, each alert said
once, nothing refused, and the memory flat.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import uvloop

from benchmarks.hub.running import quantile
from benchmarks.hub.soak.channel import Channel, listening
from benchmarks.hub.soak.load import Load, Tally
from benchmarks.hub.soak.looking import Audience, total
from benchmarks.hub.soak.process import HubProcess, Sample
from benchmarks.hub.soak.systems import Systems
from tests.fakes.server import serving

_SETTLE_S = 60.0  # at most, until all that was sent is known, judged, and told
_FLAT_MB = 1.0  # in ten minutes
_STOP_S = 10.0
_SMALL = 50  # rows: tables of so many are not worth a line
_HEAD = (
    " min  ev/s  report p50/p99  hook p50/p99   SSE p50/p99  scrape  read p99 |"
    "   RSS  fds  thr  CPU%    db   wal | errors"
)


@dataclass(kw_only=True)
class Soak:
    """What belongs together in one soak."""

    hub: HubProcess
    load: Load
    audience: Audience
    tally: Tally
    channel: Channel
    samples: list[tuple[float, Sample]] = field(default_factory=list)
    kills: int = 0


def main() -> None:
    """Soak, and exit with 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=50, help="events a second")
    parser.add_argument("--clients", type=int, default=20, help="of /events")
    parser.add_argument("--database", default="", help="postgresql://..., empty; a new SQLite file without it")
    parser.add_argument("--keep", default="15m", help="for how long runs are kept")
    parser.add_argument(
        "--kill-every", type=float, default=0, metavar="SECONDS", help="kill -9 the hub, start it again"
    )
    parser.add_argument("--inside", action="store_true", help="watch the event loop and the objects, too")
    parser.add_argument("--every", type=float, default=60, metavar="SECONDS", help="between two lines")
    parser.add_argument("--folder", type=Path, help="where the database and the log stay; a new folder without it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(uvloop.run(soak(options, options.folder or Path(folder))))


async def soak(options: argparse.Namespace, folder: Path) -> int:
    """The whole of it; the exit code."""
    systems, channel, tally = Systems(), Channel(), Tally()
    async with AsyncExitStack() as stack:
        for fake in systems.fakes:
            await stack.enter_async_context(serving(fake))
        await stack.enter_async_context(listening(channel))
        hub = HubProcess(folder, systems, database=options.database, inside=options.inside)
        token = await asyncio.to_thread(hub.token)
        looking, sending = await stack.enter_async_context(_session(token)), await stack.enter_async_context(_session())
        load = Load(systems, sending, hub.url, tally)
        load.prepare()
        arguments = ("--keep", options.keep, "--keep-runs", "2000")
        await asyncio.to_thread(hub.start, channel.url, *arguments)
        audience = Audience(looking, hub.url, load.sent_s, tally.errors)
        found = Soak(hub=hub, load=load, audience=audience, tally=tally, channel=channel)
        watchers = audience.tasks(options.clients)
        watchers.append(asyncio.create_task(_report_often(found, options.every)))
        if options.kill_every:
            watchers.append(asyncio.create_task(_kill_often(found, options.kill_every, arguments)))
        await load.run(options.rate, options.minutes * 60)
        for each in watchers[-1:] if options.kill_every else ():
            each.cancel()
        await _settle(found)
        refused = Counter(tally.errors)
        code, took_s = await asyncio.to_thread(hub.stop)  # with all its streams open, which come again in vain
        for each in watchers:
            each.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
        tally.errors = refused
        return await asyncio.to_thread(_verdict, found, code, took_s)


def _session(token: str = "") -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return aiohttp.ClientSession(
        headers=headers, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=30)
    )


async def _kill_often(found: Soak, every_s: float, arguments: Sequence[str]) -> None:
    while True:
        await asyncio.sleep(every_s)
        await asyncio.to_thread(found.hub.kill)
        found.kills += 1
        await asyncio.to_thread(found.hub.start, found.channel.url, *arguments)


async def _report_often(found: Soak, every_s: float) -> None:
    print(_HEAD, flush=True)
    began_s, before, before_s = time.monotonic(), 0, 0.0
    while True:
        await asyncio.sleep(every_s)
        try:
            sample, rows = found.hub.sample(), await asyncio.to_thread(found.hub.rows)
        except OSError:  # it was killed at this moment
            continue
        minute = (time.monotonic() - began_s) / 60
        found.samples.append((minute, sample))
        cpu_s, before_s = sample.cpu_s - before_s, sample.cpu_s
        rate, before = (found.tally.events - before) / every_s, found.tally.events
        print(_line(found, minute, rate, cpu_s / every_s), flush=True)
        print("      " + " ".join(f"{name}={count}" for name, count in sorted(rows.items()) if count > _SMALL))
        if inside := found.hub.looks_inside():
            print(f"      loop late > 50 ms: worst {inside['worst_ms']} ms")
            if "objects" in inside:
                print(f"      {inside['objects']} objects, more of: {inside['more']}")
            for text, count in inside["late"]:
                print(f"        {count} x {text}")
            for text in inside.get("growth", ()):
                print(f"        {text}")
        sys.stdout.flush()


def _line(found: Soak, minute: float, rate: float, busy: float) -> str:
    tally, audience, sample = found.tally, found.audience, found.samples[-1][1]
    figures = [_both(each) for each in (tally.report_ms, tally.hook_ms, audience.lag_ms)]
    scrape, read = (_p(each, 0.99) for each in (audience.scrape_ms, audience.read_ms))
    for each in (tally.report_ms, tally.hook_ms, audience.lag_ms, audience.scrape_ms, audience.read_ms):
        each.clear()
    return (
        f"{minute:4.0f} {rate:5.1f}  {figures[0]:>14} {figures[1]:>13} {figures[2]:>13} {scrape:7.0f} {read:9.0f} |"
        f" {sample.rss_mb:5.1f} {sample.files:4} {sample.threads:4} {100 * busy:5.0f} {sample.database_mb:5.1f}"
        f" {sample.wal_mb:5.1f} | {sum(tally.errors.values())}"
    )


def _both(values: list[float]) -> str:
    return f"{_p(values, 0.5):.1f}/{_p(values, 0.99):.0f}"


def _p(values: list[float], ratio: float) -> float:
    return quantile(values, ratio) if values else 0.0


async def _settle(found: Soak) -> None:
    """Wait until what was sent has been counted and told, or for long enough."""
    until_s = time.monotonic() + _SETTLE_S
    while time.monotonic() < until_s:
        try:
            await found.audience.scrape()
            if all(is_kept for _, is_kept, _ in await asyncio.to_thread(_counts, found)):
                return
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(2)


def _counts(found: Soak) -> list[tuple[str, bool, str]]:
    """What must be counted once: what, whether it is, and the figures."""
    tally, metrics = found.tally, found.audience.metrics
    told = Counter(
        dict(found.hub.query("SELECT rule, count(*) FROM alert_message WHERE rule <> '(digest)' GROUP BY rule"))
    )
    open_messages = found.hub.query("SELECT count(*) FROM alert_message WHERE state = 'pending'")[0][0]
    checks = [
        ("reports counted", total(metrics, "ci_step_runs_total"), tally.reports),
        *(
            (f"runs counted: {result}", total(metrics, "ci_pipeline_runs_total", f'result="{result}"'), count)
            for result, count in sorted(tally.runs.items())
        ),
        ("all runs counted", total(metrics, "ci_pipeline_runs_total"), sum(tally.runs.values())),
        *((f"alerts decided: {rule}", told[rule], count) for rule, count in sorted(tally.alerts.items())),
        ("alerts decided in all", sum(told.values()), sum(tally.alerts.values())),
        ("alerts that wait", open_messages, 0),
    ]
    if not found.kills:  # counts of a process end with it
        checks += [
            ("deliveries kept", total(metrics, "ci_webhook_deliveries_total", 'outcome="recorded"'), tally.deliveries),
            ("deliveries twice", total(metrics, "ci_webhook_deliveries_total", 'outcome="duplicate"'), tally.twice),
        ]
    return [(name, seen == wanted, f"{seen:.0f} of {wanted}") for name, seen, wanted in checks]


def _verdict(found: Soak, code: int, took_s: float) -> int:
    channel, tally = found.channel, found.tally
    slope = _slope([(minute, each.rss_mb) for minute, each in found.samples])
    problems = found.hub.problems()
    refused = sum(tally.errors.values())
    results = [
        *_counts(found),
        ("messages said once", channel.again <= found.kills, f"{channel.again} again of {len(channel.said)}"),
        ("messages signed", not channel.unsigned, f"{channel.unsigned} were not"),
        ("nothing refused", found.kills > 0 or not refused, f"{refused}: {dict(tally.errors.most_common(5))}"),
        ("nothing wrong in the log", found.kills > 0 or not problems, f"{len(problems)} lines: {problems[:3]}"),
        (
            "memory flat",
            slope is None or slope <= _FLAT_MB,
            "too short to tell" if slope is None else f"{slope:+.2f} MB in 10 min",
        ),
        ("stops within 10 s", code == 0 and took_s <= _STOP_S, f"exit code {code} after {took_s:.1f} s"),
    ]
    print(f"\nload {os.getloadavg()[0]:.1f}; {tally.events} events, {tally.untold} ends untold, {dict(channel.types)}")
    for name, is_kept, text in results:
        print(f"{'ok  ' if is_kept else 'MISS'}  {name}: {text}")
    return 0 if all(is_kept for _, is_kept, _ in results) else 1


def _slope(points: Sequence[tuple[float, float]]) -> float | None:
    """How much more it gets in ten minutes, by the last two thirds; None for less than ten points."""
    last = points[len(points) // 3 :]
    if len(last) < 10:
        return None
    return 10 * statistics.linear_regression(*zip(*last, strict=True)).slope


if __name__ == "__main__":
    main()
