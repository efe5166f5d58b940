"""Deliveries → the database: several in one transaction, each once, and durable before anybody is answered."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ci_reporter.errors import StoreError
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.runs import book, deployments
from ci_reporter.hub.runs.change import insert_all, take_numbers
from ci_reporter.hub.runs.clean import clean_move
from ci_reporter.hub.store.tables import Statement, Tables
from ci_reporter.hub.webhooks.deliveries import Delivery, Outcome, insert, is_known, prune

_MOST_WAITING = 500  # deliveries; GitLab waits ten seconds for an answer
_BATCH = 50
_PRUNE_EACH = 500  # deliveries
_AGAIN_S = 5
_log = logging.getLogger("ci_reporter.hub.webhooks")


class _Waiting(NamedTuple):
    delivery: Delivery
    answer: asyncio.Future[Outcome]


class Inbox:
    """The queue before the database; a `Service`. `outcomes` counts what became of deliveries, by source."""

    def __init__(self, tables: Tables, branches: Sequence[str], most_waiting: int = _MOST_WAITING) -> None:
        self._tables, self._branches, self._most = tables, branches, most_waiting
        self._waiting: deque[_Waiting] = deque()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._until_prune = 1
        self._problem = ""
        self.outcomes: Counter[tuple[str, str]] = Counter()

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write what waits, and end."""
        if self._task:
            while self._waiting:
                await asyncio.gather(*(each.answer for each in self._waiting), return_exceptions=True)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def submit(self, delivery: Delivery) -> Outcome:
        """Keep what it tells, and say what became of it, after it is durable. Raises Problem: 503."""
        if len(self._waiting) >= self._most:
            raise Problem(503, f"{len(self._waiting)} deliveries wait to be written", retry_after_s=_AGAIN_S)
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(delivery, answer))
        self._woken.set()
        return await asyncio.shield(answer)  # who goes away loses nothing: it is written all the same

    async def _run(self) -> None:
        while True:
            await self._woken.wait()
            batch = [self._waiting[at] for at in range(min(len(self._waiting), _BATCH))]
            outcomes = await asyncio.to_thread(self._written, [each.delivery for each in batch])
            for each, outcome in zip(batch, outcomes, strict=True):
                self._waiting.popleft()
                self._answer(each, outcome)
            if not self._waiting:
                self._woken.clear()

    def _answer(self, waiting: _Waiting, outcome: Outcome | StoreError) -> None:
        if isinstance(outcome, StoreError):
            problem = Problem(503, "the hub's database cannot be written now; come again", retry_after_s=30)
            waiting.answer.set_exception(problem)
            waiting.answer.exception()  # perhaps nobody waits for it any more
            return
        self.outcomes[str(waiting.delivery.source), str(outcome)] += 1
        waiting.answer.set_result(outcome)

    def _written(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome | StoreError]:
        try:
            return self._write(deliveries)
        except Exception:  # noqa: BLE001  a defect of ours must not end the task, or nobody would be answered any more
            _log.exception("deliveries were not kept")
            return [StoreError("a defect of the hub")] * len(deliveries)

    def _write(self, deliveries: Sequence[Delivery]) -> list[Outcome | StoreError]:
        """All in one transaction; where the database refuses that, each in its own."""
        try:
            kept: list[Outcome | StoreError] = list(
                self._tables.transact(lambda run: [self._keep(run, each) for each in deliveries])
            )
        except StoreError as exc:
            if len(deliveries) > 1:
                return [self._write([each])[0] for each in deliveries]
            if str(exc) != self._problem:
                _log.error(
                    "a delivery of %s was not kept: %s; more of the same are not logged", deliveries[0].source, exc
                )
            self._problem = str(exc)
            return [exc]
        if self._problem:
            _log.warning("deliveries are kept again")
        self._problem = ""
        return kept

    def _keep(self, run: Statement, delivery: Delivery) -> Outcome:
        if is_known(run, delivery):
            return Outcome.DUPLICATE
        event, now_ms = delivery.event, delivery.received_ms
        changes = book.keep(run, event.runs, source=book.Source.WEBHOOK, now_ms=now_ms, branches=self._branches)
        changes += deployments.keep(run, event.deployments, now_ms)
        if event.moves:
            number = take_numbers(run, len(event.moves))
            moves = enumerate(map(clean_move, event.moves), number + 1)
            changes += [replace(each, number=at, at_ms=now_ms) for at, each in moves]
            insert_all(run, changes[-len(event.moves) :])
        outcome = Outcome.IGNORED if event.ignored else Outcome.RECORDED
        insert(run, delivery, outcome, event.ignored or _count_text(len(changes)))
        self._prune_now_and_then(run, now_ms)
        return outcome

    def _prune_now_and_then(self, run: Statement, now_ms: int) -> None:
        self._until_prune -= 1
        if not self._until_prune:
            self._until_prune = _PRUNE_EACH
            prune(run, now_ms)


def _count_text(count: int) -> str:
    return "known already" if not count else f"{count} change{'s' if count > 1 else ''}"
