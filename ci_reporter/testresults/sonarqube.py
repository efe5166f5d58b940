"""SonarQube's generic test executions: jest-sonar, vitest-sonar-reporter, Catch2 and others write them.

Source: SonarQube's documentation, "Generic test data", and sonar-generic-execution.xsd. A case stands in the `<file>`
of its source, which is its suite here; its `duration` is in whole milliseconds. The old root is `<unitTest>`.
"""

from __future__ import annotations

from ci_reporter.system.reporthead import xml_start
from ci_reporter.testresults import values
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Tally
from ci_reporter.testresults.elements import Element, Shape, read_cases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_ROOTS = ("testExecutions", "unitTest")
_MARKS = {"error": ERROR, "failure": FAILED, "skipped": SKIPPED}  # a case has one; of several the worst counts


def sniff(text: str) -> bool:
    """Whether the root is `<testExecutions>` or `<unitTest>`."""
    start = xml_start(text)
    return start is not None and start.root in _ROOTS


def read(path: str, file: BinaryIO, tally: Tally) -> None:
    """Count the cases of one file. Raises ReportFileError."""
    suite = ""

    def on_case(element: Element) -> None:
        case = element.attributes
        mark = next((name for name in _MARKS if name in element.holds), None)
        message = element.holds[mark].get("message", "") if mark else ""
        if message.strip().lower() in values.EMPTY_WORDS:
            message = element.message or message
        outcome = _MARKS[mark] if mark else PASSED
        seconds = values.seconds(case.get("duration"), per_second=1000)
        tally.add(outcome, case.get("name", ""), suite, seconds=seconds, message=message)

    def on_other(name: str, attributes: dict[str, str]) -> None:
        nonlocal suite
        if name == "file":
            suite = attributes.get("path", "")

    read_cases(
        path, file, Shape(roots=_ROOTS, cases=("testCase",), messages=_MARKS, on_case=on_case, on_other=on_other)
    )
