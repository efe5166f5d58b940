"""xUnit.net v2 and v3 XML (xunit.net, "xUnit.net v2 XML Format"): assemblies, collections, tests.

What breaks outside a test (a fixture's clean-up) stands in `<errors>` of its assembly; each is an error of its own.
"""

from __future__ import annotations

from ci_reporter.system.reporthead import xml_start
from ci_reporter.testresults import values
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Tally, sum_of
from ci_reporter.testresults.elements import Element, Shape, read_cases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_ROOTS = ("assemblies", "assembly")
_OUTCOMES = {"Pass": PASSED, "Fail": FAILED, "Skip": SKIPPED, "NotRun": SKIPPED}


def sniff(text: str) -> bool:
    """Whether the root is `<assemblies>` or `<assembly>`."""
    start = xml_start(text)
    return start is not None and start.root in _ROOTS


def read(path: str, file: BinaryIO, tally: Tally) -> None:
    """Count the tests of one file. Raises ReportFileError."""
    assemblies = 0

    def on_case(element: Element) -> None:
        test = element.attributes
        outcome = ERROR if element.name == "error" else _OUTCOMES.get(test.get("result", ""), ERROR)
        suite = test.get("type", "")
        shown = test.get("name", "").removeprefix(f"{suite}.")
        tally.add(outcome, shown, suite, seconds=values.seconds(test.get("time")), message=element.message)

    def on_other(name: str, attributes: dict[str, str]) -> None:
        nonlocal assemblies
        if name == "assembly":
            declared = _totals(attributes)
            tally.declared = sum_of((tally.declared, declared)) if assemblies else declared
            assemblies += 1

    read_cases(path, file, Shape(roots=_ROOTS, cases=("test", "error"), on_case=on_case, on_other=on_other))


def _totals(attributes: dict[str, str]) -> dict[str, float]:
    """`total` leaves the errors outside tests out."""
    known = values.wholes(attributes, {key: key for key in ("total", "failed", "skipped", "errors")})
    if "total" in known:
        known["total"] += known.get("errors", 0)
    if "skipped" in known:
        known["skipped"] += values.whole(attributes.get("not-run")) or 0
    seconds = values.seconds(attributes.get("time"))
    return known if seconds is None else known | {"seconds": seconds}
