"""That the database could not be read a moment ago.

Who asks for metrics waits for who asked before. Where a database is silent each would wait for its own five seconds
then, one after the other, and hold a thread meanwhile: thirty of them kept a hub from stopping for two minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ci_reporter.errors import StoreError


class Failure:
    """The last failure, which holds for so long."""

    def __init__(self, holds_s: float) -> None:
        self._holds_s = holds_s
        self._said, self._at_s = "", 0.0

    def check(self, now_s: float) -> None:
        """Raises StoreError where the last attempt has just failed."""
        if self._said and abs(now_s - self._at_s) < self._holds_s:
            raise StoreError(self._said)

    @contextmanager
    def noted(self, clock: Callable[[], float]) -> Iterator[None]:
        """An attempt: its failure holds from its end on."""
        try:
            yield
        except StoreError as exc:
            self._said, self._at_s = str(exc), clock()
            raise
        self._said = ""
