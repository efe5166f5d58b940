"""The threads that judge and send beside the server; what they need of the database is a thread's own.

One judges what arrives, looks after runs that take too long, and releases what silences held back; the other sends, as
a channel may take its time. Where the database is gone they say so once, and go on when it is back: nothing is lost, as
neither has anything that is not in the database.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as copy
from functools import partial
from typing import Any

from ci_reporter.errors import CIReporterError
from ci_reporter.hub.alerts import feed, figures, trends
from ci_reporter.hub.alerts.book import PENDING, Book
from ci_reporter.hub.alerts.deploys.prober import Prober
from ci_reporter.hub.alerts.event import Event, Kind
from ci_reporter.hub.alerts.feed import Arrived
from ci_reporter.hub.alerts.rules import RuleBook, places
from ci_reporter.hub.alerts.sender import Sender
from ci_reporter.hub.exposition import Block
from ci_reporter.hub.runs.reading import record_at
from ci_reporter.hub.store.reading import Reading, Selection
from ci_reporter.hub.store.tables import Tables
from ci_reporter.notify.policies.conditions import comparisons
from ci_reporter.notify.policies.policy import PIPELINE, Policy
from ci_reporter.schema import from_json

OFTEN_S = 0.5
_AFTER_A_FAILURE_S = 2.0
_COUNT_S = 5.0
_log = logging.getLogger("ci_reporter.hub.alerts")


@dataclass(frozen=True, kw_only=True)
class Chore:
    """Something that is done every so many seconds, beside what arrives."""

    name: str
    every_s: float
    work: Callable[[], object]


class Worker:
    """A thread that does its chores until it is stopped; one that fails is said once, and tried again."""

    def __init__(self, name: str, chores: Sequence[Chore], clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._due = [(chore, 0.0) for chore in chores]
        self._clock = clock
        self._stop, self._woken = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._problems: dict[str, str] = {}

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Do what is to be done now."""
        self._woken.set()

    def stop(self) -> None:
        """End what is being done, and no more after it."""
        self._stop.set()
        self._woken.set()
        if self._thread:
            self._thread.join()

    def problems(self) -> list[str]:
        """What fails now."""
        return list(self._problems.values())

    def run_due(self, *, woken: bool = False) -> float:
        """Do what is due, and what may have come; seconds until the next."""
        for at, (chore, due_s) in enumerate(self._due):
            early = woken and chore.every_s <= OFTEN_S
            if (early or self._clock() >= due_s) and not self._stop.is_set():
                pause_s = chore.every_s if self._do(chore) else max(chore.every_s, _AFTER_A_FAILURE_S)
                self._due[at] = (chore, self._clock() + pause_s)
        return max(0.0, min(due_s for _, due_s in self._due) - self._clock())

    def _run(self) -> None:
        woken = False
        while not self._stop.is_set():
            pause_s = self.run_due(woken=woken)
            woken = self._woken.wait(pause_s)
            self._woken.clear()

    def _do(self, chore: Chore) -> bool:
        try:
            chore.work()
        except CIReporterError as exc:
            if self._problems.get(chore.name) != str(exc):
                _log.error("alerts: %s: %s; it is tried again", chore.name, exc)
            self._problems[chore.name] = str(exc)
            return False
        except Exception as exc:  # noqa: BLE001  a defect of ours must not silence all other alerts
            if chore.name not in self._problems:
                _log.exception("alerts: %s failed, which is a defect of the hub", chore.name)
            self._problems[chore.name] = f"{chore.name} failed with {type(exc).__name__}"
            return False
        if self._problems.pop(chore.name, None):
            _log.info("alerts: %s works again", chore.name)
        return True


@dataclass(frozen=True, kw_only=True)
class Machinery:
    """What the alerts are made of. `reading` opens the read side, for the judging thread alone.

    `listeners` are told of each report that has arrived, before it is judged. `chores` are done beside the judging,
    `reading_chores` each hour by what reads the database. `probers` ask the services that deploys go to.
    """

    tables: Tables
    book: Book
    sender: Sender
    reading: Callable[[], Reading]
    listeners: Sequence[Callable[[Arrived], None]] = ()
    chores: Sequence[Chore] = ()
    reading_chores: Sequence[Callable[[Reading], None]] = ()
    probers: Sequence[Prober] = ()
    every_s: float = OFTEN_S


class Alerts:
    """The hub's alerts as a service of the server."""

    def __init__(self, machinery: Machinery) -> None:
        self._parts = machinery
        self._reading: Reading | None = None
        self._figures: tuple[Sequence[tuple[Any, ...]], int | None] = ((), None)
        every_s = machinery.every_s
        judging = (
            Chore(name="judging reports", every_s=every_s, work=self.judge),
            Chore(name="ending silences", every_s=max(every_s, 2.0), work=machinery.sender.release),
            *machinery.chores,
            *(
                Chore(name="looking at figures", every_s=3600.0, work=partial(self._with_reading, each))
                for each in machinery.reading_chores
            ),
            Chore(name="counting messages", every_s=_COUNT_S, work=self._count),
            Chore(name="forgetting", every_s=3600.0, work=machinery.book.forget),
        )
        sending = (Chore(name="sending", every_s=every_s, work=machinery.sender.send),)
        self._workers = (Worker("alerts", judging), Worker("alerts-sending", sending))

    async def start(self) -> None:
        """Begin to ask, to judge and to send."""
        for prober in self._parts.probers:
            prober.start()
        for worker in self._workers:
            worker.start()

    async def stop(self) -> None:
        """Stop; what waits is sent by the next process, or by another replica."""
        stops = [*(each.stop for each in self._workers), *(each.stop for each in self._parts.probers)]
        await asyncio.gather(*(asyncio.to_thread(stop) for stop in stops))
        if self._reading:
            self._reading.close()

    def wake(self) -> None:
        """Something was written to the database; any thread may call this."""
        for each in self._workers:
            each.wake()

    def problems(self) -> list[str]:
        """What fails now: sentences."""
        return [problem for each in self._workers for problem in each.problems()]

    def blocks(self) -> list[Block]:
        """The alerts' metrics, as they were a few seconds ago: the event loop asks."""
        return figures.blocks(*self._figures, len(self.problems()), round(time.time() * 1000))

    def _count(self) -> None:
        select = self._parts.tables.select
        self._figures = select(figures.COUNTS), select(figures.OLDEST, pending=PENDING)[0][0]

    def judge(self) -> int:
        """Hold what has arrived against the rules; how many batches that were."""
        parts, count = self._parts, 0
        while batches := feed.arrived(parts.tables):
            for arrived in (each for batch in batches for each in batch.arrived):
                for listener in parts.listeners:
                    listener(arrived)
            parts.book.judge(feed.claim_of(batches, self._event))
            count += len(batches)
        return count

    def _event(self, arrived: Arrived) -> Event:
        return self._with_history(arrived, self._for_run(arrived.event))

    def _for_run(self, event: Event) -> Event:
        """The event, which stands for its run where there are rules on runs and no CI system tells of this one."""
        run = event.report.run
        if event.kind is not Kind.STEP or not any(PIPELINE in each.on for each in self._parts.book.rules.policies):
            return event
        found = record_at(self._parts.tables.select, run.repository or "", run.ci_run_id)
        return event if found and found.is_told else copy(event, speaks_for_run=True)

    def _with_history(self, arrived: Arrived, event: Event) -> Event:
        """The event, with what came before it where a rule wants to know."""
        if not needs_history(self._parts.book.rules, event):
            return event
        reading = self._reading_here()
        repository, pipeline, ci_job, step, branch = arrived.row.series
        selection = Selection(
            repository=repository, pipeline=pipeline, ci_job=ci_job, step=step, branch=branch, until_ms=event.at_ms
        )
        with reading.time_limit():
            stored = reading.reports(selection, trends.DEPTH)
        before = [from_json(json.loads(each.body)) for each in reversed(stored) if each.report_id != event.cause]
        return copy(event, before=before, facts={**trends.facts([*before, event.report]), **event.facts})

    def _with_reading(self, work: Callable[[Reading], None]) -> None:
        reading = self._reading_here()
        with reading.time_limit():
            work(reading)

    def _reading_here(self) -> Reading:
        """The read side of the judging thread; its database may be gone for now."""
        if self._reading is None:
            self._reading = self._parts.reading()
        return self._reading


def needs_history(book: RuleBook, event: Event) -> bool:
    """Whether a rule that watches an event compares it with earlier ones."""
    return any(_compares(policy) for policy, _ in places(book, event))


def _compares(policy: Policy) -> bool:
    found = comparisons(policy.condition) if policy.condition else ()
    return any(each.relative or each.name in trends.FACTS for each in found)
