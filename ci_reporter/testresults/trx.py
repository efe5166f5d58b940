"""TRX, the Visual Studio test results of `dotnet test --logger trx` and MSTest (schema vstst.xsd, TeamTest 2010).

A data-driven test is its rows. Counters call a skipped test neither executed nor notExecuted, so
skipped = total - executed.
"""

from __future__ import annotations

from ci_reporter.system.reporthead import xml_start
from ci_reporter.testresults import values
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Tally
from ci_reporter.testresults.elements import Element, Shape, read_cases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_RESULTS = frozenset(
    {"UnitTestResult", "GenericTestResult", "ManualTestResult", "WebTestResult", "LoadTestResult", "TestResult"}
)
# What is not known here is an error: nobody said that such a test passed.
_OUTCOMES = {
    "passed": PASSED,
    "passedbutrunaborted": PASSED,
    "completed": PASSED,
    "warning": PASSED,
    "failed": FAILED,
    "notexecuted": SKIPPED,
    "notrunnable": SKIPPED,
    "inconclusive": SKIPPED,
    "pending": SKIPPED,
}


def sniff(text: str) -> bool:
    """Whether the root is `<TestRun>`."""
    start = xml_start(text)
    return start is not None and start.root == "TestRun"


def read(path: str, file: BinaryIO, tally: Tally) -> None:
    """Count the results of one file. Raises ReportFileError."""

    def on_case(element: Element) -> None:
        result = element.attributes
        outcome = _OUTCOMES.get(result.get("outcome", "").lower(), ERROR)
        suite, name = values.split_name(result.get("testName", ""))
        tally.add(outcome, name, suite, seconds=values.clock(result.get("duration")), message=element.message)

    def on_other(name: str, attributes: dict[str, str]) -> None:
        if name == "Counters":
            tally.declared = _totals(attributes)
        elif name == "RunInfo" and attributes.get("outcome") in ("Error", "Failed", "Aborted"):
            tally.note(f"says that the run itself ended as {attributes['outcome']}")

    read_cases(
        path, file, Shape(roots=("TestRun",), cases=_RESULTS, messages=("Message",), on_case=on_case, on_other=on_other)
    )


def _totals(attributes: dict[str, str]) -> dict[str, float]:
    names = {"total": "total", "failed": "failed", "errors": "error"}
    known = values.wholes(attributes, names)
    executed = values.whole(attributes.get("executed"))
    if executed is not None and "total" in known:
        known["skipped"] = max(0, known["total"] - executed)
    if "errors" in known:
        known["errors"] += sum(values.whole(attributes.get(name)) or 0 for name in ("timeout", "aborted"))
    return known
