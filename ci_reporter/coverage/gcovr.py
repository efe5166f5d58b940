"""gcovr's JSON: the full report, and the summary that has counts alone.

Source: gcovr's documentation, "JSON Output". Lines that it excludes or that hold no code are not counted.
"""

from __future__ import annotations

import re

from ci_reporter.coverage.report import Branch, FileCoverage, branches_of
from ci_reporter.coverage.source import Declared, Source, declared_count, value_at
from ci_reporter.coverage.tally import Tally, add_hits, unite_branches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# Repetitions are bounded, so that a hostile file costs milliseconds.
_SIGN = re.compile(r'\A\s*\{.{0,20000}?"gcovr/(?:summary_)?format_version"\s{0,20}:', re.DOTALL)


def sniff(text: str) -> bool:
    """Whether it names the version of gcovr's format."""
    return bool(_SIGN.match(text))


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    report = source.json()
    if not isinstance(report.get("files"), list):
        raise source.error("expected gcovr's JSON, with a list of 'files'")
    if "gcovr/summary_format_version" in report:
        return _summary(source, report, tally)
    for each in report["files"]:
        found = source.mapping(each, "a file")
        lines: dict[int, int] = {}
        branches: dict[int, Branch] = {}
        for entry in source.listing(found.get("lines"), "'lines'"):
            _line(source, source.mapping(entry, "a line"), lines, branches)
        tally.lines(source.text(found.get("file"), "'file'"), lines, branches)
    return Declared(unit="line")


def _line(source: Source, entry: dict[str, Any], lines: dict[int, int], branches: dict[int, Branch]) -> None:
    """A line of a template or of an inlined function comes once for each of them."""
    if entry.get("gcovr/noncode") or entry.get("gcovr/excluded"):
        return
    number = source.number(entry.get("line_number"))
    hits = source.hits(entry.get("count"))
    if hits is None:
        return
    add_hits(lines, {number: hits})
    counts = [source.hits(value_at(each, "count")) or 0 for each in source.listing(entry.get("branches"), "'branches'")]
    unite_branches(branches, branches_of((number, count) for count in counts))


def _summary(source: Source, report: dict[str, Any], tally: Tally) -> Declared:
    for each in report["files"]:
        found = source.mapping(each, "a file")
        tally.counts(
            FileCoverage(
                path=source.text(found.get("filename"), "'filename'"),
                covered=declared_count(found.get("line_covered")) or 0,
                total=declared_count(found.get("line_total")) or 0,
                branches_covered=declared_count(found.get("branch_covered")),
                branches_total=declared_count(found.get("branch_total")),
            )
        )
    return Declared(
        unit="line",
        covered=report.get("line_covered"),
        total=report.get("line_total"),
        branches_covered=report.get("branch_covered"),
        branches_total=report.get("branch_total"),
        pct=source.pct(report.get("line_percent"), 100),
    )
