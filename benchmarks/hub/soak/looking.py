"""Those who look: clients of `/events`, a Prometheus that scrapes, programs that ask the API, people with pages."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Mapping

import aiohttp

_MARK = b'data-order="'
_PATHS = (
    "/api/v1/runs?per_page=30",
    "/api/v1/pipelines?per_page=48",
    "/",
    "/api/v1/series?per_page=48",
    "/api/v1/steps?branch=main",
    "/api/v1/runs?result=failure",
    "/api/v1/dora",
    "/admin",
    "/trends",
    "/api/v1/tests?repository=acme/github-1",
    "/feed.atom",
    "/cctray.xml",
)
_SCRAPE_S, _READ_S = 5.0, 1.0


class Audience:
    """Who looks, and how long each had to wait."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, sent_s: Mapping[str, float], errors: Counter[str]
    ) -> None:
        self._session, self._url, self._sent_s, self._errors = session, url, sent_s, errors
        self.lag_ms: list[float] = []
        self.scrape_ms: list[float] = []
        self.read_ms: list[float] = []
        self.metrics = ""

    def tasks(self, clients: int) -> list[asyncio.Task[None]]:
        """Begin to look."""
        work = [self._listen() for _ in range(clients)] + [self._scrape(), self._read()]
        return [asyncio.create_task(each) for each in work]

    async def _listen(self) -> None:
        """One client, which comes again when its stream has ended."""
        seen: dict[str, float] = {}
        last_id = ""
        while True:
            headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
            try:
                async with self._session.get(
                    f"{self._url}/events", headers=headers, timeout=aiohttp.ClientTimeout(total=None, sock_read=60)
                ) as answer:
                    if answer.status != 200:
                        self._errors[f"/events answered {answer.status}"] += 1
                    async for line in answer.content:
                        if line.startswith(b"id: "):
                            last_id = line[4:].decode().strip()
                        elif _MARK in line:
                            self._note(line, seen)
            except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
                self._errors[f"/events: {type(exc).__name__}"] += 1
            await asyncio.sleep(1)

    def _note(self, line: bytes, seen: dict[str, float]) -> None:
        """The first card that comes of a repository after the end of its run was told."""
        now_s = time.perf_counter()
        name = line.partition(_MARK)[2][2:].partition(b"\t")[0].decode()
        sent_s = self._sent_s.get(name, 0.0)
        if sent_s and seen.get(name) != sent_s:
            seen[name] = sent_s
            self.lag_ms.append(1000 * (now_s - sent_s))

    async def scrape(self) -> str:
        """The metrics now."""
        began_s = time.perf_counter()
        async with self._session.get(f"{self._url}/metrics") as answer:
            text = await answer.text()
            if answer.status != 200:
                self._errors[f"/metrics answered {answer.status}"] += 1
                return self.metrics
        self.scrape_ms.append(1000 * (time.perf_counter() - began_s))
        self.metrics = text
        return text

    async def _scrape(self) -> None:
        while True:
            try:
                await self.scrape()
            except (aiohttp.ClientError, TimeoutError) as exc:
                self._errors[f"/metrics: {type(exc).__name__}"] += 1
            await asyncio.sleep(_SCRAPE_S)

    async def _read(self) -> None:
        for path in itertools.cycle(_PATHS):
            began_s = time.perf_counter()
            try:
                async with self._session.get(self._url + path) as answer:
                    await answer.read()
                    if answer.status != 200:
                        self._errors[f"{path} answered {answer.status}"] += 1
                self.read_ms.append(1000 * (time.perf_counter() - began_s))
            except (aiohttp.ClientError, TimeoutError) as exc:
                self._errors[f"{path}: {type(exc).__name__}"] += 1
            await asyncio.sleep(_READ_S)


def total(metrics: str, name: str, *parts: str) -> float:
    """The sum of a metric over all its series that have these parts."""
    lines = (line for line in metrics.splitlines() if line.startswith((f"{name}{{", f"{name} ")))
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(part in line for part in parts))
