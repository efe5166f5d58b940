"""What is done beside the requests: runs of reports alone come to rest, gaps of webhooks are found, what is old goes.

Several hubs on one database may all do it: each piece is a transaction that finds nothing left to do the second time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from ci_reporter.errors import StoreError
from ci_reporter.hub.runs.book import run_change
from ci_reporter.hub.runs.change import insert_all, take_numbers
from ci_reporter.hub.runs.counting import DAY_MS, counted
from ci_reporter.hub.runs.reading import record_named
from ci_reporter.hub.store.tables import Statement, Tables

EVERY_S = 15.0
REST_MS = 600_000  # without a further report: then the run is over, as far as reports can tell
LATE_MS = 120_000  # for a webhook, after the poller has seen that a run is over
_AT_ONCE = 100  # runs in one transaction: the writers of reports wait for it, some 10 ms
_CHANGES_AT_ONCE = 1_000
_CHANGES_MS, _MOST_CHANGES = 7 * DAY_MS, 200_000
_DAYS = 90
_HOUR_MS = 3_600_000
_log = logging.getLogger("ci_reporter.hub.runs")

_AT_REST = """
SELECT repository, ci_run_id FROM run
WHERE counted IS NULL AND status IS NULL AND received_ms < :before_ms AND last_step_ms < :before_ms LIMIT :count
"""
_MARK = "UPDATE run SET counted = :state WHERE repository = :repository AND ci_run_id = :ci_run_id"
_UNTOLD = """
SELECT repository, ci_run_id, provider, host FROM run
WHERE hooked_final_ms IS NULL AND polled_final_ms < :before_ms LIMIT :count
"""
_JUDGE = "UPDATE run SET hooked_final_ms = 0 WHERE repository = :repository AND ci_run_id = :ci_run_id"
_SENDERS = "SELECT DISTINCT repository FROM delivery"
_GAP = """
INSERT INTO webhook_gap (provider, host, runs) VALUES (:provider, :host, 1)
ON CONFLICT (provider, host) DO UPDATE SET runs = webhook_gap.runs + 1
"""
_OLD_RUNS = "SELECT repository, ci_run_id FROM run WHERE begun_ms < :before_ms ORDER BY begun_ms LIMIT :count"
_OF_RUN = "WHERE repository = :repository AND ci_run_id = :ci_run_id"
_DELETE_RUN = (f"DELETE FROM job {_OF_RUN}", f"DELETE FROM run {_OF_RUN}")  # noqa: S608
_OLDEST_CHANGES = "SELECT number, at_ms FROM change ORDER BY number LIMIT 1 OFFSET :count"
_DELETE_CHANGES = "DELETE FROM change WHERE number <= :number"
_LAST_NUMBER = "SELECT value FROM change_number WHERE name = 'change'"
_DELETE_DAYS = "DELETE FROM pipeline_day WHERE day < :first"
_DELETE_DEPLOYMENTS = "DELETE FROM deployment WHERE updated_ms < :before_ms"


class Upkeep:
    """The task; a `Service`. `keep_s`: for how long runs are kept, None for ever."""

    def __init__(self, tables: Tables, keep_s: float | None = None, clock: Callable[[], float] = time.time) -> None:
        self._tables, self._keep_s, self._clock = tables, keep_s, clock
        self._task: asyncio.Task[None] | None = None
        self._failed = False
        self._hour = 0

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is being written is written."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def sweep(self) -> None:
        """Do all that is due, a piece at a time. Raises StoreError."""
        now_ms = round(self._clock() * 1000)
        pieces: list[Callable[[Statement], int]] = [
            lambda run: come_to_rest(run, now_ms),
            lambda run: find_gaps(run, now_ms),
            lambda run: _forget_changes(run, now_ms),
        ]
        if now_ms // _HOUR_MS != self._hour:
            self._hour = now_ms // _HOUR_MS
            pieces.append(lambda run: _forget_days(run, now_ms))
        if self._keep_s is not None:
            before_ms = now_ms - round(self._keep_s * 1000)
            pieces.append(lambda run: _forget_runs(run, before_ms))
        for piece in pieces:
            while self._tables.transact(piece) >= _AT_ONCE:
                time.sleep(0.02)  # the writers of reports come first

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.sweep)
                self._failed = False
            except StoreError as exc:
                if not self._failed:
                    _log.warning("runs were not looked after: %s", exc)
                self._failed = True
            await asyncio.sleep(EVERY_S)


def come_to_rest(run: Statement, now_ms: int) -> int:
    """Count runs that only reports tell of, and of which no more have come for a while; gives how many."""
    number = take_numbers(run, _AT_ONCE)
    found = run(_AT_REST, before_ms=now_ms - REST_MS, count=_AT_ONCE)
    records = [record for place in found if (record := record_named(run, *place))]
    by_series = {(each.told.key.repository, each.told.pipeline, each.series_branch): each for each in records}
    for each in records:
        state = counted(run, each).counted
        run(_MARK, state=state, repository=each.told.key.repository, ci_run_id=each.ci_run_id)
    # One for each pipeline: whoever shows its counters looks at them again.
    insert_all(run, [run_change(each, each, number + at, now_ms) for at, each in enumerate(by_series.values(), 1)])
    return len(found)


def find_gaps(run: Statement, now_ms: int) -> int:
    """Count runs that the poller saw end and no webhook told of, where webhooks come at all; gives how many it saw."""
    take_numbers(run, 0)
    found = run(_UNTOLD, before_ms=now_ms - LATE_MS, count=_AT_ONCE)
    senders = {repository for (repository,) in run(_SENDERS)} if found else set()
    for repository, ci_run_id, provider, host in found:
        run(_JUDGE, repository=repository, ci_run_id=ci_run_id)
        if repository in senders:
            run(_GAP, provider=provider, host=host)
    return len(found)


def _forget_runs(run: Statement, before_ms: int) -> int:
    take_numbers(run, 0)
    found = run(_OLD_RUNS, before_ms=before_ms, count=_AT_ONCE)
    for repository, ci_run_id in found:
        for statement in _DELETE_RUN:
            run(statement, repository=repository, ci_run_id=ci_run_id)
    if not found:
        run(_DELETE_DEPLOYMENTS, before_ms=before_ms)
    return len(found)


def _forget_changes(run: Statement, now_ms: int) -> int:
    """The oldest ones, where the last of them is old, too, or there are too many."""
    for number, at_ms in run(_OLDEST_CHANGES, count=_CHANGES_AT_ONCE - 1):
        if at_ms < now_ms - _CHANGES_MS or number < run(_LAST_NUMBER)[0][0] - _MOST_CHANGES:
            run(_DELETE_CHANGES, number=number)
            return _AT_ONCE
    return 0


def _forget_days(run: Statement, now_ms: int) -> int:
    run(_DELETE_DAYS, first=now_ms // DAY_MS - _DAYS)
    return 0
