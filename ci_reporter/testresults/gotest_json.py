"""`go test -json`, as `go doc test2json` describes it: one event a line, other output in between.

Each test and each subtest counts. A package that fails without a failed test (it does not build, it panics outside a
test, it is killed) is an error. A test that failed and passes in a later run of its package, as gotestsum's
--rerun-fails does it, is one flaky test; `-count=2` within one run is two tests.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from ci_reporter.errors import ReportFileError
from ci_reporter.system.reporthead import xml_start
from ci_reporter.testresults import values
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Outcome, Tally
from ci_reporter.testresults.lines import lines, readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    Key = tuple[str, str]

_SIGN = re.compile(
    r'^[ \t]{0,9}\{.*"Action":\s*"(start|run|pause|cont|pass|bench|fail|output|skip|build-\w+)"', re.MULTILINE
)
_OUTCOMES = {"pass": PASSED, "bench": PASSED, "fail": FAILED, "skip": SKIPPED}
_ACTIONS = frozenset({*_OUTCOMES, "start", "run", "pause", "cont", "output", "build-output", "build-fail", "attr"})
_MOST_OPEN = 20_000  # tests that run at a time, packages, failures that may yet pass
_MOST_OUTPUTS = 1_000
_OF_THE_PACKAGE = "(package)"
_NOISE = ("=== ", "--- ", "FAIL\t", "FAIL\n", "exit status ", "PASS\n")


def sniff(text: str) -> bool:
    """Whether some line is an event of go test; other output may stand before it."""
    return xml_start(text) is None and bool(_SIGN.search(text))


def read(path: str, file: BinaryIO, tally: Tally) -> None:
    """Count the tests of one file. Raises ReportFileError, also when there is no event in it."""
    reader = _Reader(path, tally)
    for number, line in lines(file):
        if not readable(line):
            tally.note(f"line {number} is not in UTF-8")
        if line.lstrip().startswith("{"):
            reader.take(_event(path, number, line))
    reader.finish()


@dataclass(slots=True)
class _Failure:
    outcome: Outcome
    seconds: float | None
    message: str
    run: int


@dataclass(slots=True)
class _Package:
    """One package, over all its runs."""

    run: int = 0
    open: dict[str, None] = field(default_factory=dict)
    failures: dict[str, _Failure] = field(default_factory=dict)
    failed_now: bool = False
    said: str = ""


class _Reader:
    """What is known of each package, what the tests that run now have printed, and what failed so far."""

    def __init__(self, path: str, tally: Tally) -> None:
        self._path = path
        self._tally = tally
        self._packages: dict[str, _Package] = {}
        self._outputs: dict[Key, str] = {}
        self._builds: dict[str, str] = {}
        self._open = self._failures = self._events = 0

    def take(self, event: dict[str, Any]) -> None:
        """Read one event."""
        action, name, test = (_text(event, key) for key in ("Action", "Package", "Test"))
        if action not in _ACTIONS:
            return
        self._events += 1
        if action == "build-output":
            _grow(self._builds, _text(event, "ImportPath"), _text(event, "Output"))
        elif name and test:
            self._on_test(self._package(name), (name, test), event)
        elif name:
            self._on_package(self._package(name), name, event)

    def finish(self) -> None:
        """Count what failed and did not pass later, and what never ended."""
        if not self._events:
            raise ReportFileError(self._path, 'holds no event of go test; expected lines such as {"Action":"run",…}')
        for name, package in self._packages.items():
            if package.open:
                self._tally.note(f"ends while tests of {values.name(name)} were running; they are errors")
                self._abandon(package, name)
            for test, failure in package.failures.items():
                self._count(failure.outcome, (name, test), failure.seconds, failure.message)

    def _package(self, name: str) -> _Package:
        if len(self._packages) >= _MOST_OPEN and name not in self._packages:
            raise ReportFileError(self._path, f"has more than {_MOST_OPEN} packages that run or have failed")
        return self._packages.setdefault(name, _Package())

    def _on_test(self, package: _Package, key: Key, event: dict[str, Any]) -> None:
        action = event["Action"]
        if action == "output":
            _grow(self._outputs, key, _text(event, "Output"))
        elif action == "run" and self._open < _MOST_OPEN:
            self._open += key[1] not in package.open
            package.open[key[1]] = None
        elif action in _OUTCOMES:
            self._open -= key[1] in package.open
            package.open.pop(key[1], None)
            self._end(package, key, _OUTCOMES[action], values.number(event.get("Elapsed")))

    def _end(self, package: _Package, key: Key, outcome: Outcome, seconds: float | None) -> None:
        said = self._outputs.pop(key, "")
        earlier = package.failures.get(key[1])
        again = earlier is not None and earlier.run < package.run
        if outcome == FAILED:
            package.failed_now = True
            if earlier and not again:
                self._count(FAILED, key, seconds, said)
            else:
                self._fails(package, key, _Failure(FAILED, seconds, said, package.run))
            return
        if again:
            self._passes(package, key[1])
        self._count(outcome, key, seconds, flaky=again and outcome == PASSED)

    def _on_package(self, package: _Package, name: str, event: dict[str, Any]) -> None:
        action = event["Action"]
        if action == "output":
            package.said = _with_output(package.said, _text(event, "Output"))
        elif action in _OUTCOMES:
            if action == "fail":
                self._fail(package, name, _text(event, "FailedBuild"))
            elif package.run:
                self._passes(package, _OF_THE_PACKAGE)
            package.run += 1
            package.failed_now = False
            package.said = ""
            if not package.failures and not package.open:
                del self._packages[name]

    def _fail(self, package: _Package, name: str, build: str) -> None:
        """The package said no: for a test of it, or for a reason of its own, which is an error."""
        if package.open:
            self._abandon(package, name)
        elif not package.failed_now:
            message = self._builds.pop(build, "") or package.said
            self._fails(package, (name, _OF_THE_PACKAGE), _Failure(ERROR, None, message, package.run))

    def _abandon(self, package: _Package, name: str) -> None:
        """The tests that were running when their package or the file ended."""
        for test in package.open:
            said = self._outputs.pop((name, test), "") or package.said or "never ended"
            self._fails(package, (name, test), _Failure(ERROR, None, said, package.run))
        self._open -= len(package.open)
        package.open.clear()

    def _fails(self, package: _Package, key: Key, failure: _Failure) -> None:
        """Remember a failure, as it may be none after a rerun; the first hundreds with their message."""
        if self._failures >= _MOST_OPEN:
            self._count(failure.outcome, key, failure.seconds, failure.message)
            return
        if self._failures >= _MOST_OUTPUTS:
            failure.message = ""
        self._failures += key[1] not in package.failures
        package.failures[key[1]] = failure

    def _passes(self, package: _Package, test: str) -> None:
        self._failures -= package.failures.pop(test, None) is not None

    def _count(
        self, outcome: Outcome, key: Key, seconds: float | None, message: str = "", *, flaky: bool = False
    ) -> None:
        name, test = key
        timed = "/" not in test
        self._tally.add(outcome, test, name, seconds=seconds, message=message, flaky=flaky, timed=timed)


def _event(path: str, number: int, line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise ReportFileError(path, "expected one whole JSON object on the line; is the file cut off?", number) from exc
    return event if isinstance(event, dict) else {}


def _text(event: dict[str, Any], key: str) -> str:
    value = event.get(key)
    return value if isinstance(value, str) else ""


def _grow(outputs: dict[Any, str], key: Any, output: str) -> None:
    if key in outputs or len(outputs) < _MOST_OUTPUTS:
        outputs[key] = _with_output(outputs.get(key, ""), output)


def _with_output(said: str, output: str) -> str:
    """What was said so far and a further piece, without go's own lines, up to the length that is shown."""
    if output.lstrip().startswith(_NOISE) or len(said) >= values.LONGEST_MESSAGE:
        return said
    return said + output[: values.LONGEST_MESSAGE]
