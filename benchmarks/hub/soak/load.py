"""The load: so many events a second, and what has to be known when all of it is over."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import aiohttp

from benchmarks.hub.soak.systems import SECRET, Life, Phase, Request, Systems
from ci_reporter.model import rfc3339, uuid7
from ci_reporter.system.standardwebhooks import signed_headers

REPOSITORIES = 20  # of each vendor
_BAD, _TWICE, _UNTOLD = 0.06, 0.02, 0.01
_EVENTS_A_RUN = 4.5
_HOLD_S = 40.0  # before the next run of a pipeline whose end only a poll can tell
_BUILDS, _BUILD_EVERY_S = 5, 15.0


@dataclass(kw_only=True)
class Tally:
    """What was sent, and what must come of it."""

    reports: int = 0
    deliveries: int = 0
    twice: int = 0
    untold: int = 0
    runs: Counter[str] = field(default_factory=Counter)  # by result
    alerts: Counter[str] = field(default_factory=Counter)  # by rule
    report_ms: list[float] = field(default_factory=list)
    hook_ms: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    failing: set[tuple[str, str]] = field(default_factory=set)

    @property
    def events(self) -> int:
        """All that was sent."""
        return self.reports + self.deliveries + self.twice

    def judge(self, rule: str, series: str, *, is_good: bool) -> None:
        """What a rule says of one more result: something where it is another one than before."""
        key = (rule, series)
        if is_good == (key in self.failing):
            self.alerts[rule] += 1
        (self.failing.discard if is_good else self.failing.add)(key)


class Load:
    """Sends what CI systems and jobs send; what is not taken is sent again, as they do."""

    def __init__(self, systems: Systems, session: aiohttp.ClientSession, url: str, tally: Tally) -> None:
        self._systems, self._session, self._url, self.tally = systems, session, url, tally
        self._numbers = itertools.count(1000)
        self._free = [
            (vendor, f"acme/{vendor}-{number}") for vendor in systems.vendors for number in range(REPOSITORIES)
        ]
        random.shuffle(self._free)
        self._lives: set[asyncio.Task[None]] = set()
        self.sent_s: dict[str, float] = defaultdict(float)  # when the end of a repository's last run was told

    def prepare(self) -> None:
        """Let the repositories be there that are polled."""
        for fake, known in (
            (self._systems.github, self._systems.github.runs),
            (self._systems.gitlab, self._systems.gitlab.pipelines),
            (self._systems.gitea, self._systems.gitea.runs),
        ):
            name = type(fake).__name__.removeprefix("Fake").lower()
            for number in range(REPOSITORIES):
                known[f"acme/{name}-{number}"] = {}
        for number in range(_BUILDS):
            self._systems.jenkins.add(f"team/job-{number}", 1, "SUCCESS", time.time() - 5, 1.0)
            self._over(f"team/job-{number}", is_good=True)

    async def run(self, rate: float, seconds: float) -> None:
        """Send for so long, and wait for what is on its way."""
        began_s = time.monotonic()
        building = asyncio.create_task(self._build(began_s + seconds))
        for number in itertools.count(1):
            due_s = number * _EVENTS_A_RUN / rate
            if due_s > seconds:
                break
            await asyncio.sleep(max(0.0, began_s + due_s - time.monotonic()))
            if self._free:
                life = asyncio.create_task(self._live(*self._free.pop(0)))
                self._lives.add(life)
                life.add_done_callback(self._lives.discard)
        await asyncio.gather(building, *self._lives)

    async def _build(self, until_s: float) -> None:
        number = 1
        while time.monotonic() < until_s:
            number += 1
            for job in range(_BUILDS):
                is_good = random.random() > _BAD
                self._systems.build(f"team/job-{job}", number, is_good=is_good)
                self._over(f"team/job-{job}", is_good=is_good)
            await asyncio.sleep(_BUILD_EVERY_S)

    async def _live(self, vendor: str, repository: str) -> None:
        life = Life(vendor=vendor, repository=repository, number=next(self._numbers), is_good=random.random() > _BAD)
        is_told = not (self._systems.is_polled(vendor) and random.random() < _UNTOLD)
        try:
            await self._tell(life, Phase.QUEUED)
            await asyncio.sleep(random.uniform(0.2, 1.0))
            await self._tell(life, Phase.RUNNING)
            if vendor != "forgejo":  # where nobody has told of the run its steps would speak for it
                await self._report(life, "lint", is_good=True)
                await asyncio.sleep(random.uniform(0.5, 2.0))
                await self._report(life, "unit", is_good=life.is_good)
            self._over(repository, is_good=life.is_good)
            if is_told:
                self.sent_s[repository] = time.perf_counter()
                await self._tell(life, Phase.OVER)
            else:
                self.tally.untold += 1
                self._systems.know(life, Phase.OVER)
                await asyncio.sleep(_HOLD_S)
        except Exception as exc:  # noqa: BLE001  what broke is counted, and the load goes on
            self.tally.errors[f"load: {type(exc).__name__}: {exc}"[:120]] += 1
        self._free.append((vendor, repository))

    def _over(self, repository: str, *, is_good: bool) -> None:
        self.tally.runs["success" if is_good else "failure"] += 1
        self.tally.judge("main is red", repository, is_good=is_good)

    async def _tell(self, life: Life, phase: Phase) -> None:
        self._systems.know(life, phase)
        if request := self._systems.request(life, phase):
            await self._send(request, self.tally.hook_ms)
            self.tally.deliveries += 1
            if random.random() < _TWICE:
                await self._send(request, self.tally.hook_ms)
                self.tally.twice += 1

    async def _report(self, life: Life, step: str, *, is_good: bool) -> None:
        now_s = time.time()
        found = {
            "report_id": uuid7(),
            "ci_run_id": life.ci_run_id,
            "provider": life.vendor,
            "repository": life.repository,
            "pipeline": life.pipeline,
            "branch": "main",
            "default_branch": "main",
            "revision": life.revision,
            "job_name": "unit",
            "step": step,
            "started_at": rfc3339(now_s - 1),
            "finished_at": rfc3339(now_s),
            "duration_ms": 1000,
            "exit_code": 0 if is_good else 1,
            "coverage_pct": 93.1,
        }
        body = json.dumps(found).encode()
        signed = signed_headers([SECRET], uuid7(), int(now_s), body) | {"Content-Type": "application/json"}
        await self._send(Request(path="/ci-report", headers=signed, body=body), self.tally.report_ms)
        self.tally.reports += 1
        self.tally.judge("a step is red", f"{life.repository} {step}", is_good=is_good)

    async def _send(self, request: Request, times_ms: list[float]) -> None:
        """Until it is taken."""
        for attempt in itertools.count():
            began_s = time.perf_counter()
            try:
                async with self._session.post(
                    self._url + request.path, data=request.body, headers=request.headers
                ) as answer:
                    await answer.read()
                    if answer.status in (200, 202):
                        times_ms.append(1000 * (time.perf_counter() - began_s))
                        return
                    self.tally.errors[f"{request.path} answered {answer.status}"] += 1
            except (aiohttp.ClientError, TimeoutError) as exc:
                self.tally.errors[f"{request.path}: {type(exc).__name__}"] += 1
            await asyncio.sleep(min(5.0, 0.1 * 2**attempt))
