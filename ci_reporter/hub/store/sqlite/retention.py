"""What is old goes: reports by age, and by their number in a series, a few at a time beside the writer.

The counters of a series stay, so that no rate in Prometheus goes backwards. A series without any report left is not
shown any more, until the next one comes.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from ci_reporter.hub.store.sqlite import statements
from ci_reporter.hub.store.sqlite.opening import connect
from ci_reporter.hub.store.sqlite.reasons import store_error

_CHUNK = 500  # reports in one transaction: the writer waits for it, a few milliseconds
_PAUSE_S = 0.02
_EVERY_S = 3600.0
_log = logging.getLogger("ci_reporter.hub.store")


@dataclass(frozen=True, kw_only=True)
class Keep:
    """For how long reports are kept, and how many of a series; None: without a limit."""

    age_s: float | None = None
    runs: int | None = None


class Retention:
    """The thread that looks once an hour; `stop` ends it."""

    def __init__(
        self, path: str, keep: Keep, forget: Callable[[int], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._path, self._keep, self._forget, self._clock = path, keep, forget, clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for its end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._sweep()
            except sqlite3.Error as exc:
                _log.warning("old reports were not deleted: %s", store_error(self._path, exc))
            if self._stopping.wait(_EVERY_S):
                return

    def _sweep(self) -> None:
        deleted = 0
        with closing(connect(self._path)) as connection:
            for count in sweep(connection, self._keep, self._clock(), self._forget):
                deleted += count
                if self._stopping.wait(_PAUSE_S):
                    break
        if deleted:
            _log.info("%d old reports were deleted", deleted)


def sweep(
    connection: sqlite3.Connection, keep: Keep, now_s: float, forget: Callable[[int], None] = lambda _: None
) -> Iterator[int]:
    """Delete what is not to be kept, a transaction at a time; gives how many each deleted. Raises sqlite3.Error.

    `forget` is told of a series that has no report left.
    """
    for (series_id,) in connection.execute(statements.SERIES_WITH_REPORTS).fetchall():
        before_ms = _limit_ms(connection, series_id, keep, now_s)
        while before_ms is not None:
            count = connection.execute(statements.DELETE_OLD, (series_id, before_ms, _CHUNK)).rowcount
            if count:
                yield count
            if count < _CHUNK:
                if connection.execute(statements.FORGET_LATEST, (series_id,)).rowcount:
                    forget(series_id)
                break


def _limit_ms(connection: sqlite3.Connection, series_id: int, keep: Keep, now_s: float) -> int | None:
    """The time before which reports of the series go."""
    limits = [] if keep.age_s is None else [round((now_s - keep.age_s) * 1000)]
    if keep.runs is not None:
        oldest = connection.execute(statements.NTH_NEWEST, (series_id, keep.runs - 1)).fetchone()
        limits += [oldest[0]] if oldest else []
    return max(limits, default=None)
