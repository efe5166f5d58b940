"""NUnit 3 XML, TestResult.xml of nunit3-console (docs.nunit.org, "Test Result XML Format")."""

from __future__ import annotations

from ci_reporter.testresults import values
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Tally
from ci_reporter.testresults.elements import Shape, read_cases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_OUTCOMES = {"Passed": PASSED, "Warning": PASSED, "Failed": FAILED, "Skipped": SKIPPED, "Inconclusive": SKIPPED}
_BROKEN = frozenset({"Error", "Invalid", "Cancelled"})


def read(path: str, file: BinaryIO, tally: Tally) -> None:
    """Count the cases of one file. Raises ReportFileError."""

    def on_case(_: str, case: dict[str, str], message: str) -> None:
        seconds = values.seconds(case.get("duration") or case.get("time"))
        suite = case.get("classname") or values.split_name(case.get("fullname", ""))[0]
        tally.add(_outcome(case), case.get("name", ""), suite, seconds=seconds, message=message)

    def on_other(name: str, attributes: dict[str, str]) -> None:
        if name == "test-run":
            tally.declared = _declared(attributes)

    read_cases(path, file, Shape(roots=("test-run",), cases=("test-case",), on_case=on_case, on_other=on_other))


def _outcome(case: dict[str, str]) -> str:
    outcome = _OUTCOMES.get(case.get("result", ""), ERROR)
    return ERROR if outcome == FAILED and case.get("label") in _BROKEN else outcome


def _declared(attributes: dict[str, str]) -> dict[str, float]:
    """`failed` counts errors too, so it is compared with nothing; `skipped` leaves the inconclusive ones out."""
    known = values.wholes(attributes, {"total": "total", "skipped": "skipped"})
    if "skipped" in known:
        known["skipped"] += values.whole(attributes.get("inconclusive")) or 0
    seconds = values.seconds(attributes.get("duration"))
    return known if seconds is None else known | {"seconds": seconds}
