"""What is old goes: reports by age, and by their number in a series, a few at a time beside the writer.

The counters of a series stay, so that no rate in Prometheus goes backwards. A series without any report left is not
shown any more, until the next one comes.

Whatever its age, a report stays for a day after it came: a sender that did not hear our answer sends it again, and it
must be known then, or it would count twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ci_reporter.errors import StoreError

_CHUNK = 500  # reports in one transaction: the writer waits for it, a few milliseconds
_PAUSE_S = 0.02
_EVERY_S = 3600.0
_AT_LEAST_S = 86_400.0  # from its arrival on
_log = logging.getLogger("ci_reporter.hub.store")


@dataclass(frozen=True, kw_only=True)
class Keep:
    """For how long reports are kept, and how many of a series; None: without a limit."""

    age_s: float | None = None
    runs: int | None = None

    @property
    def has_limit(self) -> bool:
        """Whether anything is deleted at all."""
        return bool(self.age_s or self.runs)


class Reports(Protocol):
    """The reports of a database, as retention sees them. Every call is a transaction, and raises StoreError."""

    def series_with_reports(self) -> Sequence[int]:
        """The series that have any."""

    def nth_newest_ms(self, series_id: int, nth: int) -> int | None:
        """The time of the nth newest report of a series, from 0; None where there are fewer."""

    def delete_before(self, series_id: int, before_ms: int, received_ms: int, most: int) -> int:
        """Delete so many reports of a series that are older, and came before `received_ms`; how many there were."""

    def forget_latest(self, series_id: int) -> None:
        """The series has no latest report, where that one was deleted."""


class Retention:
    """The thread that looks once an hour; `stop` ends it. `reports` lets go of its connection between two looks."""

    def __init__(
        self, reports: Callable[[], AbstractContextManager[Reports]], keep: Keep, clock: Callable[[], float] = time.time
    ) -> None:
        self._reports, self._keep, self._clock = reports, keep, clock
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
            except StoreError as exc:
                _log.warning("old reports were not deleted: %s", exc)
            if self._stopping.wait(_EVERY_S):
                return

    def _sweep(self) -> None:
        deleted = 0
        with self._reports() as reports:
            for count in sweep(reports, self._keep, self._clock()):
                deleted += count
                if self._stopping.wait(_PAUSE_S):
                    break
        if deleted:
            _log.info("%d old reports were deleted", deleted)


def sweep(reports: Reports, keep: Keep, now_s: float) -> Iterator[int]:
    """Delete what is not to be kept, a transaction at a time; gives how many each deleted. Raises StoreError."""
    received_ms = round((now_s - _AT_LEAST_S) * 1000)
    for series_id in reports.series_with_reports():
        before_ms = _limit_ms(reports, series_id, keep, now_s)
        while before_ms is not None:
            count = reports.delete_before(series_id, before_ms, received_ms, _CHUNK)
            if count:
                yield count
            if count < _CHUNK:
                reports.forget_latest(series_id)
                break


def _limit_ms(reports: Reports, series_id: int, keep: Keep, now_s: float) -> int | None:
    """The time before which reports of the series go."""
    limits = [] if keep.age_s is None else [round((now_s - keep.age_s) * 1000)]
    if keep.runs is not None:
        oldest_ms = reports.nth_newest_ms(series_id, keep.runs - 1)
        limits += [] if oldest_ms is None else [oldest_ms]
    return max(limits, default=None)
