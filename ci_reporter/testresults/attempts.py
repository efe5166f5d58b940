"""Reruns in pytest's JUnit files: pytest-rerunfailures leaves each attempt there as a case that seems to have passed.

pytest's own names are unique, so a passed case followed by one of the same name was an attempt; the last one counts.
"""

from __future__ import annotations

from ci_reporter.testresults.cases import PASSED, Tally

SUITE = "pytest"  # junit_suite_name, if nobody changed it
_WINDOW = 256  # with pytest-xdist, cases of other workers stand between two attempts


class Attempts:
    """Holds the last passed cases back until it is clear that no further attempt follows."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._waiting: dict[tuple[str, str], tuple[float | None, bool]] = {}

    def add(
        self, outcome: str, name: str, suite: str = "", *, seconds: float | None, message: str = "", flaky: bool = False
    ) -> None:
        """Count a case, once for all its attempts."""
        key = (suite, name)
        again = self._waiting.pop(key, None) is not None
        if outcome != PASSED:
            self._tally.add(outcome, name, suite, seconds=seconds, message=message)
            return
        self._waiting[key] = (seconds, flaky or again)
        if len(self._waiting) > _WINDOW:
            self._count(next(iter(self._waiting)))

    def finish(self) -> None:
        """Count what was held back."""
        while self._waiting:
            self._count(next(iter(self._waiting)))

    def _count(self, key: tuple[str, str]) -> None:
        seconds, flaky = self._waiting.pop(key)
        self._tally.add(PASSED, key[1], key[0], seconds=seconds, flaky=flaky)
