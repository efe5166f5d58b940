"""Istanbul's JSON: `coverage-final.json` (nyc, jest, vitest, c8) and `coverage-summary.json`; the unit is the line.

Source: istanbul-lib-coverage. A line's hits are those of the statement beginning on it that ran most.
"""

from __future__ import annotations

import re

from ci_reporter.coverage.report import Branch, FileCoverage, branches_of
from ci_reporter.coverage.source import Declared, Source, declared_count, value_at
from ci_reporter.coverage.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# Repetitions are bounded, so that a hostile file costs milliseconds.
_SIGNS = (
    re.compile(r'\A\s*\{\s*"total"\s*:\s*\{\s*"(?:lines|statements|branches|functions)"\s*:\s*\{\s*"total"', re.DOTALL),
    re.compile(r'\A\s*\{.{0,20000}?"(?:statementMap|branchMap|fnMap)"\s{0,20}:\s{0,20}\{', re.DOTALL),
)


def sniff(text: str) -> bool:
    """Whether it has a summary's totals or the maps of a file."""
    return any(sign.match(text) for sign in _SIGNS)


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    report = source.json()
    if isinstance(value_at(report, "total", "lines"), dict):
        return _summary(source, report, tally)
    for name, entry in report.items():
        found = source.mapping(entry, name)
        found = source.mapping(found.get("data", found), name)  # instrumenting loaders wrap it
        if "statementMap" not in found:
            raise source.error(f"expected a 'statementMap' for {name[:100]!r}")
        tally.lines(source.text(found.get("path", name), "'path'"), _lines(source, found), _branches(source, found))
    return Declared(unit="line")


def _summary(source: Source, report: dict[str, Any], tally: Tally) -> Declared:
    for name, found in report.items():
        if name != "total":
            tally.counts(_counts(name, found))
    total = report["total"]
    return Declared(
        unit="line",
        covered=value_at(total, "lines", "covered"),
        total=value_at(total, "lines", "total"),
        branches_covered=value_at(total, "branches", "covered"),
        branches_total=value_at(total, "branches", "total"),
        pct=source.pct(value_at(total, "lines", "pct"), 100) if value_at(total, "lines", "total") else None,
    )


def _counts(name: str, found: dict[str, Any]) -> FileCoverage:
    return FileCoverage(
        path=name,
        covered=declared_count(value_at(found, "lines", "covered")) or 0,
        total=declared_count(value_at(found, "lines", "total")) or 0,
        branches_covered=declared_count(value_at(found, "branches", "covered")),
        branches_total=declared_count(value_at(found, "branches", "total")),
    )


def _lines(source: Source, found: dict[str, Any]) -> dict[int, int]:
    lines: dict[int, int] = {}
    hits = source.mapping(found.get("s", {}), "'s'")
    for key, place in source.mapping(found["statementMap"], "'statementMap'").items():
        number = source.number(value_at(place, "start", "line"))
        count = source.hits(hits.get(key))
        if count is not None:
            lines[number] = max(count, lines.get(number, 0))
    return lines


def _branches(source: Source, found: dict[str, Any]) -> dict[int, Branch]:
    taken: list[tuple[int, int]] = []
    places = source.mapping(found.get("branchMap", {}), "'branchMap'")
    for key, hits in source.mapping(found.get("b", {}), "'b'").items():
        place = places.get(key)
        number = source.number(value_at(place, "line") or value_at(place, "loc", "start", "line") or 0)
        taken += [(number, source.hits(each) or 0) for each in source.listing(hits, "a branch")]
    return branches_of(taken)
