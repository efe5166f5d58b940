"""NUnit 2 XML (its schema, Results.xsd): NUnit 2.4 and 2.5, and tools that imitate them.

NUnit 2.4 has no `result`, only `executed` and `success`. `total` counts what ran, `not-run` comes on top.
"""

from __future__ import annotations

from ci_reporter.system.reporthead import xml_start
from ci_reporter.testresults import values
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Outcome, Tally
from ci_reporter.testresults.elements import Element, Shape, read_cases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_OUTCOMES = {
    "Success": PASSED,
    "Failure": FAILED,
    "Error": ERROR,
    "NotRunnable": ERROR,
    "Cancelled": ERROR,
    "Ignored": SKIPPED,
    "Skipped": SKIPPED,
    "Inconclusive": SKIPPED,
}


def sniff(text: str) -> bool:
    """Whether the root is `<test-results>`."""
    start = xml_start(text)
    return start is not None and start.root == "test-results"


def read(path: str, file: BinaryIO, tally: Tally) -> None:
    """Count the cases of one file. Raises ReportFileError."""

    def on_case(element: Element) -> None:
        case = element.attributes
        suite, name = values.split_name(case.get("name", ""))
        tally.add(_outcome(element), name, suite, seconds=values.seconds(case.get("time")), message=element.message)

    def on_other(name: str, attributes: dict[str, str]) -> None:
        if name == "test-results":
            tally.declared = _totals(attributes)

    read_cases(path, file, Shape(roots=("test-results",), cases=("test-case",), on_case=on_case, on_other=on_other))


def _outcome(case: Element) -> Outcome:
    if "result" in case.attributes:
        return _OUTCOMES.get(case.attributes["result"], ERROR)
    return outcome_without_result(case)


def outcome_without_result(case: Element) -> Outcome:
    """What `executed` and `success` say, either of which may be missing; a `<failure>` in the case says no to both.

    A case that says nothing at all is an error: nobody said that it passed.
    """
    executed, success = (case.attributes.get(name, "").lower() for name in ("executed", "success"))
    if executed == "false":
        return SKIPPED
    if "failure" in case.holds or success == "false":
        return FAILED
    return PASSED if executed == "true" or success == "true" else ERROR


def _totals(attributes: dict[str, str]) -> dict[str, float]:
    """NUnit 2.5 counts what cannot be run as `invalid` and not-run; here it is an error."""
    known = values.wholes(attributes, {"total": "total", "failed": "failures", "errors": "errors"})
    if "total" in known:
        known["total"] += values.whole(attributes.get("not-run")) or 0
    if "errors" in known:
        known["errors"] += values.whole(attributes.get("invalid")) or 0
    return known
