"""Group commit: requests wait in a bounded queue, and one thread writes all that wait in one transaction.

One commit a request was 4 times slower, and 27 times on a disk whose fsync takes 5 ms. Who waits is answered after the
COMMIT. What does not fit is refused at once, with a time to come again: the queue is all the memory that is used.

The thread has one batch at a time. The next one is handed over when it is done, at the end of a turn of the event loop:
with the thread taking each request as soon as it came, a batch had 7 requests of 64, and the two threads spent their
time waiting for Python's lock. All but the writing runs in the event loop's thread, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple

from ci_reporter.errors import StoreError
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store import Row, Store, Written

MOST_ROWS = 10_000
MOST_BYTES = 64 * 1024**2
_SHARE = 4  # a repository alone may have a quarter of the queue
_BATCH_ROWS = 2_000  # in one transaction
COMMIT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_TRY_AGAIN_S = 2.0
_log = logging.getLogger("ci_reporter.hub.ingest")


class _Waiting(NamedTuple):
    rows: Sequence[Row]
    size: int
    answer: asyncio.Future[Written]


class WriteQueue:
    """The queue before a store, and the thread behind it."""

    def __init__(
        self,
        store: Store,
        *,
        most_rows: int = MOST_ROWS,
        most_bytes: int = MOST_BYTES,
        try_again_s: float = _TRY_AGAIN_S,
    ) -> None:
        self._store, self._try_again_s = store, try_again_s
        self._most_rows, self._most_bytes = most_rows, most_bytes
        self._pending: deque[_Waiting] = deque()
        self._batches: SimpleQueue[list[_Waiting] | None] = SimpleQueue()
        self._is_writing = self._is_due = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()
        self._bytes = 0
        self._rows_of: Counter[str] = Counter()
        self.depth = 0
        self.commit_s = 0.0
        self.commits = [0] * (len(COMMIT_BUCKETS_S) + 1)
        self.commits_s = 0.0
        self.error: StoreError | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def submit(self, rows: Sequence[Row]) -> Written:
        """Keep the rows, and say which are new, after they are durable. Raises Problem: 429, 503."""
        if not rows:
            return Written(0, 0)
        size = sum(len(row.body) for row in rows)
        whose = rows[0].series[0]
        self._check_room(len(rows), size, whose)
        self.depth += len(rows)
        self._bytes += size
        self._rows_of[whose] += len(rows)
        waiting = _Waiting(rows, size, self._loop.create_future())
        self._pending.append(waiting)
        self._idle.clear()
        self._hand_over_soon()
        return await waiting.answer

    async def close(self) -> None:
        """Write what waits, and end the thread."""
        await self._idle.wait()
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join)

    def _check_room(self, count: int, size: int, whose: str) -> None:
        after_s = max(1, math.ceil(self.commit_s))
        if self.depth + count > self._most_rows or self._bytes + size > self._most_bytes:
            raise Problem(503, f"{self.depth} reports wait to be written; come again", retry_after_s=after_s)
        # An empty queue takes anything that a request can hold.
        if self._rows_of[whose] and self._rows_of[whose] + count > self._most_rows // _SHARE:
            raise Problem(
                429,
                f"{self._rows_of[whose]} reports of {whose!r} wait to be written; come again",
                retry_after_s=after_s,
            )

    def _hand_over_soon(self) -> None:
        if not (self._is_writing or self._is_due):
            self._is_due = True
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        """Give the thread what waits, as much as one transaction should have."""
        self._is_due, self._is_writing = False, True
        batch: list[_Waiting] = []
        count = 0
        while self._pending and count < _BATCH_ROWS:
            batch.append(self._pending.popleft())
            count += len(batch[-1].rows)
        self._batches.put(batch)

    def _run(self) -> None:
        """The thread."""
        while (batch := self._next()) is not None:
            begun = time.perf_counter()
            try:
                outcomes: Sequence[Written | StoreError] = self._store.write([each.rows for each in batch])
                self._tell(None)
            except StoreError as exc:
                outcomes = [exc] * len(batch)
                self._tell(exc)
            except Exception as exc:  # noqa: BLE001  without the thread, every request would wait without end
                _log.exception("a batch could not be written")
                defect = StoreError(f"the writer failed: {exc!r}")
                outcomes = [defect] * len(batch)
                self._tell(defect)
            self._loop.call_soon_threadsafe(self._answer, batch, outcomes, time.perf_counter() - begun)

    def _next(self) -> list[_Waiting] | None:
        """What is to be written next; None: nothing any more.

        After a failure it is tried meanwhile whether the database can be written again. A hub that is not ready is sent
        no reports, so it would not find out by them.
        """
        while True:
            try:
                return self._batches.get(timeout=self._try_again_s if self.error else None)
            except Empty:
                self._try_to_write()

    def _try_to_write(self) -> None:
        try:
            self._store.try_to_write()
            self._tell(None)
        except StoreError as exc:
            self._tell(exc)
        except Exception:  # noqa: BLE001  as above
            _log.exception("it could not be tried whether the database can be written")

    def _tell(self, error: StoreError | None) -> None:
        """Log once that writing fails, and once that it goes on."""
        if error and str(error) != str(self.error):
            _log.error("nothing can be written: %s", error)
        if self.error and not error:
            _log.warning("reports are written again")
        self.error = error

    def _answer(self, batch: Sequence[_Waiting], outcomes: Sequence[Written | StoreError], took_s: float) -> None:
        self.commit_s = took_s
        self.commits_s += took_s
        self.commits[bisect_left(COMMIT_BUCKETS_S, took_s)] += 1
        self._is_writing = False
        if self._pending:
            self._hand_over_soon()
        else:
            self._idle.set()
        for waiting, outcome in zip(batch, outcomes, strict=True):
            self.depth -= len(waiting.rows)
            self._bytes -= waiting.size
            whose = waiting.rows[0].series[0]
            self._rows_of[whose] -= len(waiting.rows)
            if not self._rows_of[whose]:
                del self._rows_of[whose]
            if waiting.answer.done():  # nobody waits any more; the rows are kept all the same
                continue
            if isinstance(outcome, StoreError):
                waiting.answer.set_exception(
                    Problem(503, "reports cannot be written now; come again", retry_after_s=30)
                )
            else:
                waiting.answer.set_result(outcome)
