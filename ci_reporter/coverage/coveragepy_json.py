"""coverage.py's JSON. Its `percent_covered` counts branches, its XML's `line-rate` does not; here lines are lines.

Source: coverage.py's jsonreport, formats 2 and 3.
"""

from __future__ import annotations

import re

from ci_reporter.coverage.report import Branch, branches_of
from ci_reporter.coverage.source import Declared, Source
from ci_reporter.coverage.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Repetitions are bounded, so that a hostile file costs milliseconds.
_SIGNS = (
    re.compile(r'\A\s*\{\s*"meta"\s*:\s*\{[^{}]{0,2000}"(?:branch_coverage|show_contexts)"', re.DOTALL),
    re.compile(r'\A\s*\{.{0,20000}?"(?:executed_lines|missing_lines)"\s{0,20}:\s{0,20}\[', re.DOTALL),
)
_ENDS = 2


def sniff(text: str) -> bool:
    """Whether it has coverage.py's own keys."""
    return any(sign.match(text) for sign in _SIGNS)


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    report = source.json()
    if "files" not in report:
        raise source.error("expected coverage.py's JSON, with 'files'")
    for name, entry in source.mapping(report["files"], "'files'").items():
        found = source.mapping(entry, name)
        tally.lines(name, _lines(source, found), _branches(source, found))
    totals = source.mapping(report.get("totals") or {}, "'totals'")
    source.pct(totals.get("percent_covered"), 100)
    return Declared(
        unit="line",
        covered=totals.get("covered_lines"),
        total=totals.get("num_statements"),
        branches_covered=totals.get("covered_branches"),
        branches_total=totals.get("num_branches"),
    )


def _lines(source: Source, found: dict[str, Any]) -> dict[int, int]:
    """Hits are not in it: a line ran or it did not."""
    missing = {source.number(each): 0 for each in source.listing(found.get("missing_lines"), "'missing_lines'")}
    executed = {source.number(each): 1 for each in source.listing(found.get("executed_lines"), "'executed_lines'")}
    return missing | executed


def _branches(source: Source, found: dict[str, Any]) -> dict[int, Branch]:
    """A branch is [from, to]; `to` is negative where it leaves the function."""
    taken: dict[tuple[int, int], int] = {}
    for key, hits in (("missing_branches", 0), ("executed_branches", 1)):
        for each in source.listing(found.get(key), f"{key!r}"):
            pair = source.listing(each, "a branch")
            if len(pair) != _ENDS or not all(type(end) is int for end in pair):
                raise source.error(f"expected a branch to be [from, to], got {len(pair)} values")
            taken[source.number(abs(pair[0])), pair[1]] = hits
    return branches_of((line, taken[line, to]) for line, to in sorted(taken))
