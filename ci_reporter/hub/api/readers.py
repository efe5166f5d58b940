"""Threads that read the database, each by a connection of its own: the event loop waits for none of them.

There are few, and few requests may wait for them: whoever comes when all is taken is told to come again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ci_reporter.errors import StoreError
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store.reading import Reading, TooLongError

T = TypeVar("T")
THREADS = 4
MOST_WAITING = 64
_log = logging.getLogger("ci_reporter.hub.api")


class Readers:
    """The threads. `connect` opens a connection; each thread does it when it is first needed."""

    def __init__(
        self, connect: Callable[[], Reading], threads: int = THREADS, most_waiting: int = MOST_WAITING
    ) -> None:
        self._connect = connect
        self._most = threads + most_waiting
        self._busy = 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")
        self._here = threading.local()
        self._open: list[Reading] = []

    async def run(self, job: Callable[[Reading], T]) -> T:
        """What the job makes of the database. Raises Problem: 503 when it cannot be read now, or not in time."""
        if self._busy >= self._most:
            raise Problem(503, "too many requests wait for the database; come again", retry_after_s=1)
        self._busy += 1
        work = asyncio.get_running_loop().run_in_executor(self._pool, self._run, job)
        work.add_done_callback(self._count_down)
        return await asyncio.shield(work)  # when the asker goes away the thread is still at work

    async def start(self) -> None:
        """Do nothing: a thread comes when it is needed."""

    async def stop(self) -> None:
        """Let go of the database, beside the event loop."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Let go of the database; what is being read comes to its end."""
        self._pool.shutdown()
        for reading in self._open:
            reading.close()

    def _count_down(self, work: asyncio.Future[T]) -> None:
        self._busy -= 1
        work.exception()  # perhaps nobody is there any more to be told of it

    def _run(self, job: Callable[[Reading], T]) -> T:
        try:
            reading = self._reading()
            with reading.time_limit():
                return job(reading)
        except TooLongError as exc:
            hint = "ask for less: a repository, a pipeline, a shorter time"
            raise Problem(503, f"{exc}; {hint}", retry_after_s=60) from None
        except StoreError as exc:
            _log.warning("a request could not be answered: %s", exc)
            raise Problem(503, "the hub's database cannot be read now", retry_after_s=5) from None

    def _reading(self) -> Reading:
        found: Reading | None = getattr(self._here, "reading", None)
        if found is None:
            found = self._here.reading = self._connect()
            self._open.append(found)
        return found
