"""The thread that hands reports on, with the sink of a job: the same grouping key and the same metrics.

Nothing older is pushed over what is newer.
It works after the COMMIT and beside everything else. A gateway that is away is asked again after longer and longer
pauses. One that turns a report down (its type of a metric is another one, say) gets that one again later, and the
others meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence

from ci_reporter.errors import StoreError
from ci_reporter.hub.exposition import Block, Type, line
from ci_reporter.hub.forward import waiting
from ci_reporter.hub.forward.waiting import Backlog, Waiting
from ci_reporter.hub.store.opening import Database
from ci_reporter.model import Report, uuid7
from ci_reporter.schema import from_json
from ci_reporter.sinks import Receipt
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.sinks import Sink

_BATCH = 500
_SEND_S = 10.0
_LOOK_S = 1.0
_LONGEST_PAUSE_S = 60.0
_FIRST_RETRY_S, _LONGEST_RETRY_S = 10.0, 600.0
_MOST_ATTEMPTS = 100  # of a report that the gateway turns down: some 16 hours
_COUNT_S = 5.0
_log = logging.getLogger("ci_reporter.hub.forward")


class Forwarder:
    """Hands on what was received since it was first started; `pushed`, `dropped` and `failures` count."""

    def __init__(self, database: Database, sink: Sink, clock: Callable[[], float] = time.time) -> None:
        self._database, self._sink, self._clock = database, sink, clock
        self._owner = uuid7()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed_rounds = 0
        self._counted_s = 0.0
        self.pushed = self.dropped = self.failures = 0
        self.backlog = Backlog(0, None)

    async def start(self) -> None:
        """From now on each new report is noted, and handed on."""
        self.note_reports()
        self._thread = threading.Thread(target=self._run, name="forward", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End the thread; what is not handed on yet will be after the next start."""
        self._stopping.set()
        if self._thread:
            await asyncio.to_thread(self._thread.join)

    def note_reports(self) -> None:
        """Note each new report in the transaction that writes it."""
        self._database.also_write(waiting.enqueue)

    def blocks(self) -> list[Block]:
        """How it is, as metrics."""
        count, oldest_ms = self.backlog
        lag_s = 0.0 if oldest_ms is None else max(0.0, self._clock() - oldest_ms / 1000)
        outcomes = {"pushed": self.pushed, "dropped": self.dropped}
        reports = [line("ci_hub_forward_reports_total", f'outcome="{name}"', each) for name, each in outcomes.items()]
        return [
            _block("reports", Type.COUNTER, "Reports that the Pushgateway has, or that were given up.", reports),
            _block("failures", Type.COUNTER, "Times that the Pushgateway took nothing.", self.failures, "_total"),
            _block("waiting", Type.GAUGE, "Reports that the Pushgateway does not have yet.", count),
            _block("lag_seconds", Type.GAUGE, "Since when the oldest of them waits.", lag_s),
        ]

    def hand_on(self) -> float:
        """Hand on what is due, once. Gives the seconds until the next time. Raises StoreError."""
        now_ms = round(self._clock() * 1000)
        batch = waiting.due(self._database, now_ms, _BATCH)
        if not batch or not waiting.take_lease(self._database, self._owner, now_ms):
            self._count()
            return _LOOK_S
        began = time.monotonic()
        receipt = self._sink.send(None, _reports(batch), Deadline(_SEND_S))
        took_s = time.monotonic() - began
        self._settle(batch, receipt, now_ms)
        self._count()
        if _took_nothing(receipt):
            self._failed_rounds += 1
            return float(min(2.0**self._failed_rounds, _LONGEST_PAUSE_S))
        self._failed_rounds = 0
        # Each time the gateway is asked for all that it holds. A large one is so given as much rest as it works.
        return max(took_s, 0.0 if len(batch) == _BATCH else _LOOK_S)

    def _settle(self, batch: Sequence[Waiting], receipt: Receipt, now_ms: int) -> None:
        given_up = {each.report_id for each in batch if each.attempts >= _MOST_ATTEMPTS} & receipt.rejected
        gone = {each.report_id for each in batch} - receipt.taken - receipt.refused.keys()
        again = receipt.rejected - given_up
        attempts = max((each.attempts for each in batch if each.report_id in again), default=0)
        wait_s = min(_FIRST_RETRY_S * 2 ** min(attempts, 10), _LONGEST_RETRY_S)
        waiting.settle(self._database, receipt.taken | gone | given_up, again, now_ms + round(wait_s * 1000))
        self.pushed += len(receipt.taken)
        self.dropped += len(gone | given_up)
        self._tell(receipt)

    def _tell(self, receipt: Receipt) -> None:
        """Log once that it fails, with the first reason, and once that it goes on."""
        if _took_nothing(receipt):
            self.failures += 1
            if not self._failed_rounds:
                _log.warning("reports wait to be handed on: %s", next(iter(receipt.refused.values())))
        elif self._failed_rounds:
            _log.warning("reports are handed on again")
        for report_id in sorted(receipt.rejected)[:1]:
            _log.warning("the Pushgateway turns a report down: %s", receipt.refused[report_id])

    def _count(self) -> None:
        if time.monotonic() - self._counted_s >= _COUNT_S or self.backlog.reports <= _BATCH:
            self._counted_s = time.monotonic()
            self.backlog = waiting.backlog(self._database)

    def _run(self) -> None:
        pause_s = 0.0
        said = ""
        while not self._stopping.wait(pause_s):
            try:
                pause_s, said = self.hand_on(), ""
            except StoreError as exc:
                if str(exc) != said:
                    _log.warning("what waits to be handed on cannot be read: %s", exc)
                pause_s, said = _LOOK_S, str(exc)
        try:
            waiting.end_lease(self._database, self._owner)
        except StoreError:  # it ends by itself
            return


def _took_nothing(receipt: Receipt) -> bool:
    """Whether the gateway is away, or lets nobody in: no report has arrived, and the reports are not the reason."""
    return not receipt.taken and bool(receipt.refused.keys() - receipt.rejected)


def _reports(batch: Sequence[Waiting]) -> list[Report]:
    """The reports that are still there; one that this version cannot read would be in the way for ever."""
    found = []
    for each in batch:
        try:
            found += [from_json(json.loads(each.body))] if each.body is not None else []
        except ValueError as exc:
            _log.warning("a report cannot be handed on: %s: %s", each.report_id, exc)
    return found


def _block(name: str, kind: Type, text: str, value: float | list[str], suffix: str = "") -> Block:
    """One of our metrics, with its lines or its only value."""
    full = f"ci_hub_forward_{name}"
    return Block(full, kind, text, value if isinstance(value, list) else [line(full + suffix, "", value)])
