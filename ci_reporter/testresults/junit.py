"""JUnit XML in its many dialects: pytest, surefire, Gradle, jest, mocha, go-junit-report, Bazel, nextest, GoogleTest.

No schema holds for all of them; testmoapp/junitxml on GitHub describes what is common. Cases are counted, whatever
the attributes say; a suite that names a number of tests and holds none is taken at its word.
"""

from __future__ import annotations

from dataclasses import dataclass

from ci_reporter.errors import ReportFileError
from ci_reporter.system.xmlstream import HoldingRows, XMLStream, by_name
from ci_reporter.testresults import attempts, values
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Tally, summed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_SUITES = frozenset({"testsuites", "testsuite"})
_MARKS = {"failure": FAILED, "error": ERROR, "skipped": SKIPPED, "ignored": SKIPPED, "disabled": SKIPPED}
_RERUNS = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError"})
_NOT_RUN = frozenset({"notrun", "disabled", "skipped", "ignored"})
_EMPTY_WORDS = frozenset({"", "failed", "failure", "error"})  # the text says more
_COUNTS = {"total": ("tests",), "failed": ("failures",), "errors": ("errors",), "skipped": ("skipped", "skip")}


def read(path: str, file: BinaryIO, tally: Tally) -> None:
    """Count the cases of one file. Raises ReportFileError."""
    _Reader(path, tally).read(file)


@dataclass(slots=True)
class _Suite:
    name: str
    own: dict[str, float]
    before: int
    inner: dict[str, float] | None = None
    covered: int = 0


class _Reader:
    """The state between two tags: the suites around, the case that is open and what stands in it."""

    def __init__(self, path: str, tally: Tally) -> None:
        self._path = path
        self._tally = tally
        self._attempts = attempts.Attempts(tally)
        self._stream = XMLStream(path, self._start, self._end, HoldingRows("testcase", self._take))
        self._outside = _Suite("", {}, 0)
        self._suites: list[_Suite] = []
        self._case: dict[str, str] | None = None
        self._outcome = PASSED
        self._message = ""
        self._text_of = ""
        self._rerun = self._in_pytest = False
        self._time_at = 1

    def read(self, file: BinaryIO) -> None:
        self._stream.read(file)
        if self._outside.covered == self._tally.total:
            self._tally.declared = self._outside.inner or {}

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "testcase":
            if self._case is not None:
                self._finish(self._case)
            self._case = attributes
            self._outcome = PASSED
        elif name in _SUITES:
            self._enter(attributes)
        elif self._case is not None:
            self._in_case(name, attributes)
        elif not self._suites:
            raise ReportFileError(self._path, f"expected <testsuites> or <testsuite>, found <{name[:40]}>")
        elif name in ("error", "failure"):
            message = attributes.get("message") or f"<{name}> of the suite, outside its cases"
            self._tally.add(ERROR, self._suites[-1].name, message=message)

    def _in_case(self, name: str, attributes: dict[str, str]) -> None:
        """The first mark holds: what is skipped and failed too was allowed to fail (Catch2, node), but not to break."""
        mark = _MARKS.get(name)
        if mark is None:
            self._rerun = self._rerun or name in _RERUNS
        elif self._outcome == PASSED or (self._outcome == SKIPPED and mark == ERROR):
            self._outcome = mark
            self._message = attributes.get("message") or ""
            if mark != SKIPPED and self._message.strip().lower() in _EMPTY_WORDS:
                self._text_of = name
                self._stream.collect()

    def _end(self, name: str) -> None:
        if name == "testcase":
            if self._case is not None:
                self._finish(self._case)
        elif name == self._text_of:
            self._message = self._stream.collected().strip() or self._message
            self._text_of = ""
        elif name in _SUITES:
            self._leave(self._suites.pop())

    def _take(self, batch: list[list[str]]) -> None:
        """Cases with nothing in them, which is nearly all: the loop that a large file's time is spent in."""
        quick, total, tally, at = 0, 0.0, self._tally, self._time_at
        slow = -1.0 if self._in_pytest else tally.slow_s
        any_status = self._stream.has_met("status")
        for case in batch:
            try:
                seconds = float(case[at]) if case[at - 1] == "time" else -1.0
            except (IndexError, ValueError):
                seconds = -1.0
            if 0 <= seconds <= slow and not (any_status and "status" in case):
                quick += 1
                total += seconds
            else:
                self._count(by_name(case))
                slow = slow if slow < 0 else tally.slow_s
                names = case[::2]
                at = self._time_at = names.index("time") * 2 + 1 if "time" in names else at
        if quick:
            tally.add_quick(quick, total)

    def _finish(self, case: dict[str, str]) -> None:
        if self._text_of:
            self._stream.collected()
        self._count(case, self._outcome, self._message, rerun=self._rerun)
        self._case = None
        self._message = self._text_of = ""
        self._rerun = False

    def _count(self, case: dict[str, str], outcome: str = PASSED, message: str = "", *, rerun: bool = False) -> None:
        if outcome == PASSED and case.get("status") in _NOT_RUN:
            outcome = SKIPPED
        count = self._attempts.add if self._in_pytest else self._tally.add
        count(
            outcome,
            case.get("name") or "",
            case.get("classname") or (self._suites[-1].name if self._suites else ""),
            seconds=values.seconds(case.get("time")),
            message=message,
            flaky=rerun and outcome == PASSED,
        )

    def _enter(self, attributes: dict[str, str]) -> None:
        if self._case is not None:
            self._finish(self._case)
        self._attempts.finish()
        name = attributes.get("name", "")
        self._in_pytest = name == attempts.SUITE
        self._suites.append(_Suite(name, _declared(attributes), self._tally.total))

    def _leave(self, suite: _Suite) -> None:
        """A suite's own numbers hold for all within it; without them those of the suites within it do."""
        self._attempts.finish()
        if self._tally.total == suite.before and suite.own.get("total"):
            self._tally.take(suite.own)
            self._tally.say("has suites that declare tests and hold none; their declared numbers are counted")
        around = self._suites[-1] if self._suites else self._outside
        self._in_pytest = around.name == attempts.SUITE
        around.covered += self._tally.total - suite.before if "total" in suite.own else suite.covered
        declared = (suite.inner or {}) | suite.own
        if declared:
            around.inner = declared if around.inner is None else summed((around.inner, declared))


def _declared(attributes: dict[str, str]) -> dict[str, float]:
    """The numbers a suite gives; GoogleTest and nextest count disabled tests apart from skipped ones."""
    found = {key: values.whole(next(filter(None, map(attributes.get, names)), None)) for key, names in _COUNTS.items()}
    known: dict[str, float] = {key: count for key, count in found.items() if count is not None}
    if "skipped" in known:
        known["skipped"] += values.whole(attributes.get("disabled")) or 0
    if "total" not in known:
        return {}
    seconds = values.seconds(attributes.get("time"))
    return known if seconds is None else known | {"seconds": seconds}
