"""Reruns that a JUnit file lists as cases of their own: the last attempt counts, and a pass after a failure is flaky.

surefire and nextest mark their attempts (`<flakyFailure>`, `<rerunFailure>`). pytest and gotestsum do not, but their
names are unique within one run, so a name that comes again is another attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ci_reporter.testresults import values
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Outcome, Tally
from ci_reporter.testresults.places import Place

PYTEST_SUITE = "pytest"  # junit_suite_name, if nobody changed it
GO_PROPERTY = "go.version"  # gotestsum writes it into every suite

_WINDOW = 256  # with pytest-xdist, cases of other workers stand between two attempts
_MOST_HELD = 20_000
_MOST_WITH_DETAILS = 1_000  # of which a hundred can be listed
_KEYS = {FAILED: "failed", ERROR: "errors", SKIPPED: "skipped"}

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One run of one test, as a case of the file tells it."""

    outcome: Outcome
    name: str
    suite: str
    seconds: float | None
    message: str = ""
    flaky: bool = False
    places: tuple[Place, ...] = ()

    @property
    def key(self) -> Key:
        """What makes it the same test as another attempt."""
        return (self.suite, self.name)

    @property
    def with_short_message(self) -> Attempt:
        """The same with no more of its message than is ever shown."""
        return replace(self, message=values.message(self.message))

    @property
    def without_details(self) -> Attempt:
        """The same without what takes much memory."""
        return replace(self, message="", places=())

    def count(self, tally: Tally, *, flaky: bool = False) -> None:
        """Count it as a test."""
        flaky = (flaky or self.flaky) and self.outcome == PASSED
        tally.add(
            self.outcome,
            self.name,
            self.suite,
            seconds=self.seconds,
            message=self.message,
            flaky=flaky,
            places=self.places,
        )


class PytestAttempts:
    """pytest-rerunfailures leaves each failed attempt as a case that seems to have passed, in the order they ran.

    The last passed cases are held back until it is clear that no further attempt follows.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._waiting: dict[Key, tuple[Attempt, bool]] = {}

    def add(self, attempt: Attempt) -> None:
        """Count a case, once for all its attempts."""
        again = self._waiting.pop(attempt.key, None) is not None
        if attempt.outcome != PASSED:
            attempt.count(self._tally)
            return
        self._waiting[attempt.key] = (attempt, again or attempt.flaky)
        if len(self._waiting) > _WINDOW:
            self._count(next(iter(self._waiting)))

    def finish(self) -> dict[str, float]:
        """Count what was held back. pytest's own numbers leave the attempts out already."""
        while self._waiting:
            self._count(next(iter(self._waiting)))
        return {}

    def _count(self, key: Key) -> None:
        attempt, again = self._waiting.pop(key)
        attempt.count(self._tally, flaky=again)


@dataclass(slots=True)
class _Held:
    """The attempts of tests that failed at least once, and the root tests that these belong to."""

    attempts: dict[Key, list[Attempt]] = field(default_factory=dict)
    roots: set[Key] = field(default_factory=set)
    others: set[Key] = field(default_factory=set)
    count: int = 0


class GoAttempts:
    """`gotestsum --rerun-fails` lists a package's failures, then what was skipped, then what passed (its junitxml.go).

    With `TestFlaky` failed, `TestAdds` passed, `TestFlaky` passed in the file, `TestFlaky` is one flaky test. `go test
    -count=2` runs every test twice instead: then names come again that never failed, and each case is a test.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._held = _Held()
        self._counted_twice = False  # for the whole file: -count holds for all packages

    def add(self, attempt: Attempt) -> None:
        """Hold a case back if its root test has failed: --rerun-fails-run-root-test runs all of that again."""
        held = self._held
        root = (attempt.suite, attempt.name.partition("/")[0])
        if attempt.outcome in (FAILED, ERROR):
            held.roots.add(root)
        if root in held.roots and held.count < _MOST_HELD:
            attempt = attempt.with_short_message if held.count < _MOST_WITH_DETAILS else attempt.without_details
            held.attempts.setdefault(attempt.key, []).append(attempt)
            held.count += 1
            return
        self._counted_twice = self._counted_twice or attempt.key in held.others
        if len(held.others) < _MOST_HELD:
            held.others.add(attempt.key)
        attempt.count(self._tally)

    def finish(self) -> dict[str, float]:
        """Count what was held back; what the suite declares too much, as it counts every attempt."""
        surplus = {"total": 0.0}
        for attempts in self._held.attempts.values():
            earlier = [] if self._counted_twice else attempts[:-1]
            for attempt in attempts[len(earlier) :]:
                attempt.count(self._tally, flaky=any(each.outcome in (FAILED, ERROR) for each in earlier))
            for attempt in earlier:
                surplus["total"] += 1
                if attempt.outcome in _KEYS:
                    key = _KEYS[attempt.outcome]
                    surplus[key] = surplus.get(key, 0) + 1
        self._held = _Held()
        return surplus
