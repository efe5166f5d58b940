"""Test cases: counts of millions, details of the few that people ask about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from heapq import heappush, heapreplace

from ci_reporter.model import Tests
from ci_reporter.testresults.places import Place
from ci_reporter.testresults.values import message as shown_message
from ci_reporter.testresults.values import name as shown_name


class Outcome(StrEnum):
    """How a test ended. One that passed after it had failed is passed, and flaky."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


PASSED, FAILED, ERROR, SKIPPED = Outcome  # the readers' names: one look-up less in loops over millions

MOST_SLOWEST = 10
MOST_LISTED = 100
MOST_NOTES = 20
_BAD = (FAILED, ERROR)
_COUNTED = {"total": "tests", "failed": "failed", "errors": "errors", "skipped": "skipped"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One test as it ended; safe to show as it is."""

    name: str
    suite: str = ""
    outcome: Outcome = PASSED
    duration_ms: int | None = None
    message: str = ""
    flaky: bool = False
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ResultFile:
    """What one file says. `tests` is what its cases add up to, `declared` what it says about itself.

    `failed` (errors too) and `flaky` hold the first hundred each, `slowest` the ten slowest, the slowest first.
    `notes` are sentences about what is odd, such as a file whose own sums are not those of its cases.
    """

    path: str
    format: str
    tests: Tests
    declared: Mapping[str, int] = field(default_factory=dict)
    mismatch: bool = False
    failed: tuple[Case, ...] = ()
    flaky: tuple[Case, ...] = ()
    slowest: tuple[Case, ...] = ()
    notes: tuple[str, ...] = ()


class Tally:
    """Counts the cases of one file as they go by, in the same memory for any number of them."""

    def __init__(self) -> None:
        self.counts = {PASSED: 0, FAILED: 0, ERROR: 0, SKIPPED: 0}
        self.declared: dict[str, float] = {}
        self.notes: list[str] = []
        self._flaky = 0
        self._seconds: float | None = None
        self._failed_cases: list[Case] = []
        self._flaky_cases: list[Case] = []
        self._slowest: list[tuple[float, int, Case]] = []
        self.slow_s = 0.0  # a case that takes longer is among the slowest so far

    @property
    def total(self) -> int:
        """Tests so far."""
        return sum(self.counts.values())

    @property
    def bad(self) -> int:
        """Tests so far that failed or could not run."""
        return self.counts[FAILED] + self.counts[ERROR]

    def add(  # noqa: PLR0913 - what the formats know of a case
        self,
        outcome: Outcome,
        name: str,
        suite: str = "",
        *,
        seconds: float | None = None,
        message: str = "",
        flaky: bool = False,
        timed: bool = True,
        places: tuple[Place, ...] = (),
    ) -> None:
        """Count a case; only those that failed, were flaky or are among the slowest are kept.

        `seconds` is added up where it is `timed`, which a test within a test is not: its time is in the outer one's.
        """
        self.counts[outcome] += 1
        slow = False
        if seconds is not None and timed:
            self._seconds = seconds + (self._seconds or 0.0)
            slow = seconds > self.slow_s
        self._flaky += flaky
        failed = outcome in _BAD and len(self._failed_cases) < MOST_LISTED
        if slow or failed or (flaky and len(self._flaky_cases) < MOST_LISTED):
            case = _case(outcome, name, suite, seconds, message, flaky)
            self._list(replace(case, places=places) if places else case, seconds if slow else None)

    def add_passed(self, count: int, seconds: float) -> None:
        """Count passed cases of which none is among the slowest: no longer than `slow_s`."""
        self.counts[PASSED] += count
        self._seconds = seconds + (self._seconds or 0.0)

    def add_counts(self, counts: Mapping[str, float]) -> None:
        """Count what a suite without cases says of itself: total, failed, errors, skipped."""
        failed, errors, skipped = (int(counts.get(key, 0)) for key in ("failed", "errors", "skipped"))
        self.counts[FAILED] += failed
        self.counts[ERROR] += errors
        self.counts[SKIPPED] += skipped
        self.counts[PASSED] += max(0, int(counts["total"]) - failed - errors - skipped)

    def note(self, note: str) -> None:
        """Note something that a reader of the counts should know."""
        if len(self.notes) < MOST_NOTES and note not in self.notes:
            self.notes.append(note)

    def to_model(self) -> Tests:
        """The counts, and the time of all cases; what the file declares where no case has a time."""
        seconds = self.declared.get("seconds") if self._seconds is None else self._seconds
        return Tests(
            total=self.total,
            passed=self.counts[PASSED],
            failed=self.counts[FAILED],
            errors=self.counts[ERROR],
            skipped=self.counts[SKIPPED],
            flaky=self._flaky,
            duration_ms=None if seconds is None else round(seconds * 1000),
        )

    def result(self, path: str, format_name: str) -> ResultFile:
        """All that is known, once the file is read."""
        tests = self.to_model()
        difference = _difference(self.declared, tests)
        return ResultFile(
            path=path,
            format=format_name,
            tests=tests,
            declared=_whole(self.declared),
            mismatch=bool(difference),
            failed=tuple(self._failed_cases),
            flaky=tuple(self._flaky_cases),
            slowest=tuple(case for _, _, case in sorted(self._slowest, reverse=True)),
            notes=(*self.notes, *difference),
        )

    def _list(self, case: Case, slow_s: float | None) -> None:
        if case.outcome in _BAD and len(self._failed_cases) < MOST_LISTED:
            self._failed_cases.append(case)
        if case.flaky and len(self._flaky_cases) < MOST_LISTED:
            self._flaky_cases.append(case)
        if slow_s is None:
            return
        entry = (slow_s, -self.total, case)
        if len(self._slowest) < MOST_SLOWEST:
            heappush(self._slowest, entry)
        else:
            heapreplace(self._slowest, entry)
        if len(self._slowest) == MOST_SLOWEST:
            self.slow_s = self._slowest[0][0]


def sum_of(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Declarations added up; a key that one of them lacks is unknown in the sum."""
    total: dict[str, float] | None = None
    for part in parts:
        total = dict(part) if total is None else {key: total[key] + part[key] for key in total if key in part}
    return total or {}


def _case(outcome: Outcome, name: str, suite: str, seconds: float | None, message: str, flaky: bool) -> Case:
    return Case(
        name=shown_name(name) or "(no name)",
        suite=shown_name(suite),
        outcome=outcome,
        duration_ms=None if seconds is None else round(seconds * 1000),
        message=shown_message(message),
        flaky=flaky,
    )


def _difference(declared: Mapping[str, float], tests: Tests) -> tuple[str, ...]:
    """One sentence when a file's own sums are not those of its cases, none when they agree."""
    held = {key: getattr(tests, key) for key in _COUNTED}
    keys = [key for key in _COUNTED if declared.get(key, held[key]) != held[key]]
    if not keys:
        return ()
    says = ", ".join(f"{int(declared[key])} {_COUNTED[key]}" for key in keys)
    holds = ", ".join(f"{held[key]} {_COUNTED[key]}" for key in keys)
    return (f"declares {says}; its records hold {holds}, which is what counts",)


def _whole(declared: Mapping[str, float]) -> dict[str, int]:
    known = {key: int(declared[key]) for key in _COUNTED if key in declared}
    return known | ({"duration_ms": round(declared["seconds"] * 1000)} if "seconds" in declared else {})
