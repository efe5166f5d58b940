"""SimpleCov: `.resultset.json`, one entry a command name, and `coverage.json` of its JSON formatter.

Source: SimpleCov's ResultMerger and simplecov_json_formatter. A line's entry is its hits, null where there is nothing
to run, "ignored" between :nocov: marks. What several commands ran is united, as SimpleCov does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ci_reporter.coverage.report import Branch, branches_of
from ci_reporter.coverage.source import Declared, Source, value_at
from ci_reporter.coverage.tally import RepeatedFile, Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SIGNS = (
    re.compile(r'\A\s*\{\s*"meta"\s*:\s*\{\s*"simplecov_version"', re.DOTALL),
    re.compile(r'\A\s*\{\s*"(?:[^"\\]|\\.){0,300}"\s*:\s*\{\s*"coverage"\s*:\s*\{', re.DOTALL),
)
_PLACES = 6  # "[:then, 1, 5, 6, 5, 25]": kind, id, and four numbers of which the first is the line


def sniff(text: str) -> bool:
    """Whether it is a resultset or has SimpleCov's version."""
    return any(sign.match(text) for sign in _SIGNS)


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    if not tally.detail:
        raise RepeatedFile  # commands cover the same files: they are united line by line
    for coverage in _coverages(source, source.json()):
        for name, found in coverage.items():
            entry = {"lines": found} if isinstance(found, list) else source.mapping(found, name)
            tally.lines(name, _lines(source, entry), _branches(source, entry.get("branches")))
    return Declared(unit="line")


def _coverages(source: Source, report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "meta" in report and "coverage" in report:
        yield source.mapping(report["coverage"], "'coverage'")
        return
    for command, found in report.items():
        coverage = source.mapping(found, f"the result of {command[:60]!r}").get("coverage")
        yield source.mapping(coverage, f"'coverage' of {command[:60]!r}")


def _lines(source: Source, entry: dict[str, Any]) -> dict[int, int]:
    lines: dict[int, int] = {}
    for number, value in enumerate(source.listing(entry.get("lines"), "'lines'"), start=1):
        if value is not None and value != "ignored":
            hits = source.hits(value)
            if hits is not None:
                lines[number] = hits
    return lines


def _branches(source: Source, found: object) -> dict[int, Branch]:
    """The resultset nests them by condition; coverage.json lists them."""
    return branches_of((number, hits) for number, hits in _flat(source, found) if hits is not None)


def _flat(source: Source, found: object) -> Iterator[tuple[int, int | None]]:
    if isinstance(found, list):
        for each in found:
            if value_at(each, "coverage") != "ignored":
                yield source.number(value_at(each, "start_line")), source.hits(value_at(each, "coverage"))
    elif isinstance(found, dict):
        for condition, sides in found.items():
            for side, hits in source.mapping(sides, condition[:60]).items():
                parts = side.strip("[]").split(",")
                yield source.number(parts[2] if len(parts) == _PLACES else 0), source.hits(hits)
