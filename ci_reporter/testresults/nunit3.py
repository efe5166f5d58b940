"""NUnit 3 XML, TestResult.xml of nunit3-console (docs.nunit.org, "Test Result XML Format").

The root is `<test-run>`; runners that call the framework themselves, as Unity's does, write the `<test-suite>` of the
framework alone. Tools that convert other results leave `result` out and say `executed` and `success` as NUnit 2 did.
"""

from __future__ import annotations

from ci_reporter.system.reporthead import xml_start
from ci_reporter.testresults import values
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Outcome, Tally
from ci_reporter.testresults.elements import Element, Shape, read_cases
from ci_reporter.testresults.nunit2 import outcome_without_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_ROOTS = ("test-run", "test-suite")
_OUTCOMES = {"Passed": PASSED, "Warning": PASSED, "Failed": FAILED, "Skipped": SKIPPED, "Inconclusive": SKIPPED}
_BROKEN = frozenset({"Error", "Invalid", "Cancelled"})


def sniff(text: str) -> bool:
    """Whether the root is `<test-run>` or `<test-suite>`."""
    start = xml_start(text)
    return start is not None and start.root in _ROOTS


def read(path: str, file: BinaryIO, tally: Tally) -> None:
    """Count the cases of one file. Raises ReportFileError."""
    root = ""

    def on_case(element: Element) -> None:
        case = element.attributes
        seconds = values.seconds(case.get("duration") or case.get("time"))
        suite = case.get("classname") or values.split_name(case.get("fullname", ""))[0]
        tally.add(_outcome(element), case.get("name", ""), suite, seconds=seconds, message=element.message)

    def on_other(name: str, attributes: dict[str, str]) -> None:
        nonlocal root
        if not root:  # the suites within it declare their own parts
            root = name
            tally.declared = _totals(attributes)

    read_cases(path, file, Shape(roots=_ROOTS, cases=("test-case",), on_case=on_case, on_other=on_other))


def _outcome(case: Element) -> Outcome:
    result = case.attributes.get("result")
    if result is None:
        return outcome_without_result(case)
    outcome = _OUTCOMES.get(result, ERROR)
    return ERROR if outcome == FAILED and case.attributes.get("label") in _BROKEN else outcome


def _totals(attributes: dict[str, str]) -> dict[str, float]:
    """`failed` counts errors too, so it is compared with nothing; `skipped` leaves the inconclusive ones out."""
    known = values.wholes(attributes, {"total": "total", "skipped": "skipped"})
    if "skipped" in known:
        known["skipped"] += values.whole(attributes.get("inconclusive")) or 0
    seconds = values.seconds(attributes.get("duration"))
    return known if seconds is None else known | {"seconds": seconds}
