"""JUnit XML in its many dialects: pytest, surefire, Gradle, jest, mocha, go-junit-report, Bazel, nextest, GoogleTest.

No schema holds for all of them; testmoapp/junitxml on GitHub describes what is common. Cases are counted, whatever
the attributes say; a suite that names a number of tests and holds none is taken at its word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ci_reporter.errors import ReportFileError
from ci_reporter.system.reporthead import xml_start
from ci_reporter.system.xmlstream import Rows, XMLStream
from ci_reporter.testresults import values
from ci_reporter.testresults.attempts import GO_PROPERTY, PYTEST_SUITE, Attempt, GoAttempts, PytestAttempts
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Outcome, Tally, sum_of
from ci_reporter.testresults.places import places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_SUITES = frozenset({"testsuites", "testsuite"})
_OUTCOMES = {"failure": FAILED, "error": ERROR, "skipped": SKIPPED, "ignored": SKIPPED, "disabled": SKIPPED}
_RERUNS = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError"})
_NOT_RUN = frozenset({"notrun", "disabled", "skipped", "ignored"})
_COUNTS = {"total": ("tests",), "failed": ("failures",), "errors": ("errors",), "skipped": ("skipped", "skip")}


def sniff(text: str) -> bool:
    """Whether the root is a suite, a list of them, or a case."""
    start = xml_start(text)
    return start is not None and start.root in ("testsuites", "testsuite", "testcase")


def read(path: str, file: BinaryIO, tally: Tally) -> None:
    """Count the cases of one file. Raises ReportFileError."""
    _Reader(path, tally).read(file)


@dataclass(slots=True)
class _Suite:
    """An open suite: what it declares, what the suites in it declare, and the attempts that do not count."""

    name: str
    own: dict[str, float]
    before: int
    inner: dict[str, float] | None = None
    covered: int = 0
    surplus: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Marks:
    """What stands in the open case; `text_of` is the element whose text is being collected."""

    outcome: Outcome = PASSED
    message: str = ""
    text: str = ""
    text_of: str = ""
    rerun: bool = False
    may_fail: bool = False


class _Reader:
    """The state between two tags: the suites around, the case that is open and what stands in it."""

    def __init__(self, path: str, tally: Tally) -> None:
        self._path = path
        self._tally = tally
        self._go = GoAttempts(tally)
        self._attempts: PytestAttempts | GoAttempts | None = None
        self._stream = XMLStream(path, self._start, self._end, Rows("testcase", self._take))
        self._outside = _Suite("", {}, 0)
        self._suites: list[_Suite] = []
        self._case: dict[str, str] | None = None
        self._marks: _Marks | None = None

    def read(self, file: BinaryIO) -> None:
        self._stream.read(file)
        if self._outside.covered == self._tally.total:
            self._tally.declared = self._outside.inner or {}

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "testcase":
            if self._case is not None:
                self._finish(self._case)
            self._case = attributes
        elif name in _SUITES:
            self._enter(attributes)
        elif self._case is not None:
            self._in_case(name, attributes)
        elif not self._suites:
            raise ReportFileError(self._path, f"expected <testsuites> or <testsuite>, found <{name[:40]}>")
        else:
            self._in_suite(name, attributes)

    def _in_suite(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("error", "failure"):
            message = attributes.get("message") or f"<{name}> of the suite, outside its cases"
            self._tally.add(ERROR, self._suites[-1].name, message=message)
        elif name == "property" and attributes.get("name") == GO_PROPERTY:
            self._attempts = self._go

    def _in_case(self, name: str, attributes: dict[str, str]) -> None:
        """The first of failure and error counts; both win over `<skipped>`, unless the test was allowed to fail."""
        marks = self._marks = self._marks or _Marks()
        outcome = _OUTCOMES.get(name)
        if outcome is None:
            marks.rerun = marks.rerun or name in _RERUNS
        elif outcome == SKIPPED:
            marks.may_fail = marks.may_fail or _may_fail(attributes)
            if marks.outcome == PASSED or marks.may_fail:
                marks.outcome, marks.message = SKIPPED, attributes.get("message") or ""
        elif marks.outcome in (PASSED, SKIPPED) and not marks.may_fail:
            marks.outcome, marks.message, marks.text_of = outcome, attributes.get("message") or "", name
            self._stream.collect_text()

    def _end(self, name: str) -> None:
        if name == "testcase":
            if self._case is not None:
                self._finish(self._case)
        elif self._marks and name == self._marks.text_of:
            self._end_text(self._marks)
        elif name in _SUITES:
            self._leave()

    def _take(self, cases: Sequence[dict[str, str]]) -> None:
        """Cases that hold nothing, as nearly all do: one that is not among the slowest is counted without its name."""
        if self._case is not None:
            self._finish(self._case)
        tally, count, total = self._tally, 0, 0.0
        slow = -1.0 if self._attempts else tally.slow_s
        for case in cases:
            try:
                seconds = float(case["time"])
            except (KeyError, ValueError):
                seconds = -1.0
            if 0 <= seconds <= slow and "status" not in case:
                count += 1
                total += seconds
            else:
                self._finish(case)
                slow = slow if slow < 0 else tally.slow_s
        if count:
            tally.add_passed(count, total)

    def _end_text(self, marks: _Marks) -> None:
        marks.text_of = ""
        marks.text = self._stream.take_text().strip()
        if marks.message.strip().lower() in values.EMPTY_WORDS:
            marks.message = marks.text or marks.message

    def _finish(self, case: dict[str, str]) -> None:
        marks, self._marks, self._case = self._marks or _Marks(), None, None
        if marks.text_of:
            self._stream.take_text()
        outcome = SKIPPED if marks.outcome == PASSED and case.get("status") in _NOT_RUN else marks.outcome
        attempt = Attempt(
            outcome=outcome,
            name=case.get("name") or "",
            suite=case.get("classname") or (self._suites[-1].name if self._suites else ""),
            seconds=values.seconds(case.get("time")),
            message=marks.message,
            flaky=marks.rerun,
            places=places(case, marks.text) if outcome in (FAILED, ERROR) else (),
        )
        if self._attempts is None:
            attempt.count(self._tally)
        else:
            self._attempts.add(attempt)

    def _enter(self, attributes: dict[str, str]) -> None:
        if self._case is not None:
            self._finish(self._case)
        self._finish_attempts()
        suite = _Suite(attributes.get("name", ""), _totals(attributes), self._tally.total)
        self._suites.append(suite)
        self._attempts = PytestAttempts(self._tally) if suite.name == PYTEST_SUITE else None

    def _leave(self) -> None:
        """A suite's own numbers hold for all within it; without them those of the suites within it do."""
        self._finish_attempts()
        suite = self._suites.pop()
        if self._tally.total == suite.before and suite.own.get("total"):
            self._tally.add_counts(suite.own)
            self._tally.note("has suites that declare tests and hold none; their declared numbers are counted")
        around = self._suites[-1] if self._suites else self._outside
        self._attempts = PytestAttempts(self._tally) if around.name == PYTEST_SUITE else None
        around.covered += self._tally.total - suite.before if "total" in suite.own else suite.covered
        around.surplus = _plus(around.surplus, suite.surplus)
        declared = (suite.inner or {}) | _minus(suite.own, suite.surplus)
        if declared:
            around.inner = declared if around.inner is None else sum_of((around.inner, declared))

    def _finish_attempts(self) -> None:
        if self._attempts is not None:
            self._suites[-1].surplus = _plus(self._suites[-1].surplus, self._attempts.finish())


def _may_fail(skipped: dict[str, str]) -> bool:
    """Whether a `<skipped>` says that a failure beside it was expected, which two tools write.

    node: `{ todo: true }` gives `<skipped type="todo">` (lib/internal/test_runner/reporter/junit.js). Catch2:
    `[!mayfail]` and `[!shouldfail]` give this message (catch_reporter_junit.cpp, `failedButOk`). Neither fails the run.
    """
    return skipped.get("type") == "todo" or skipped.get("message") == "TEST_CASE tagged with !mayfail"


def _plus(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}


def _minus(declared: dict[str, float], surplus: dict[str, float]) -> dict[str, float]:
    return {key: max(0, value - surplus.get(key, 0)) for key, value in declared.items()}


def _totals(attributes: dict[str, str]) -> dict[str, float]:
    """The numbers a suite gives; GoogleTest and nextest count disabled tests apart from skipped ones."""
    found = {key: values.whole(next(filter(None, map(attributes.get, names)), None)) for key, names in _COUNTS.items()}
    known: dict[str, float] = {key: count for key, count in found.items() if count is not None}
    if "skipped" in known:
        known["skipped"] += values.whole(attributes.get("disabled")) or 0
    if "total" not in known:
        return {}
    seconds = values.seconds(attributes.get("time"))
    return known if seconds is None else known | {"seconds": seconds}
