"""Clover XML: OpenClover, istanbul, PHPUnit and gcovr write it; its unit is the statement.

Source: OpenClover's clover.xsd and what those tools write. `stmt` and `cond` lines are statements, `method` lines are
not. The project's own `<metrics>` are the declared totals, those of the tests are not.
"""

from __future__ import annotations

import re

from ci_reporter.coverage.report import HIGHEST_LINE, MOST_HITS, Branch
from ci_reporter.coverage.source import Declared, Source
from ci_reporter.coverage.tally import Tally
from ci_reporter.system.reporthead import xml_start
from ci_reporter.system.xmlstream import XMLStream

_SCOPES = frozenset({"coverage", "project", "testproject", "package", "file", "class"})


def sniff(text: str) -> bool:
    """Whether the root is `<coverage>` with a `<project>` in it or Clover's own attributes."""
    start = xml_start(text)
    if start is None or start.root != "coverage" or start.child == "file":
        return False
    return start.child == "project" or bool(re.search(r"\s(?:clover|generated)=", start.attributes))


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    return _Reader(source, tally).read()


class _Reader:
    def __init__(self, source: Source, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._scopes: list[str] = []
        self._metrics: dict[str, str] = {}
        self._seen = False
        self._file = ""
        self._lines: dict[int, int] = {}
        self._branches: dict[int, Branch] = {}
        self._stream = XMLStream(source.path, self._start, self._end)

    def read(self) -> Declared:
        self._stream.read(self._source.file)
        if not self._seen:
            raise self._source.error("expected a <coverage> element")
        metrics = self._metrics
        return Declared(
            unit="statement",
            covered=metrics.get("coveredstatements"),
            total=metrics.get("statements"),
            branches_covered=metrics.get("coveredconditionals"),
            branches_total=metrics.get("conditionals"),
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "line":
            self._line(attributes)
        elif name == "metrics":
            if self._scopes[-1:] == ["project"]:
                self._metrics = attributes
        elif name in _SCOPES:
            self._scopes.append(name)
            if name == "file":
                self._file = attributes.get("path") or attributes.get("name", "")
                self._lines, self._branches = {}, {}
        if self._scopes[:1] != ["coverage"]:
            raise self._source.error(f"expected a <coverage> element, got <{name[:40]}>", self._stream.line)
        self._seen = True

    def _end(self, name: str) -> None:
        if name in _SCOPES:
            self._scopes.pop()
            if name == "file" and "testproject" not in self._scopes:
                self._tally.lines(self._file, self._lines, self._branches)

    def _line(self, attributes: dict[str, str]) -> None:
        """Most of a large file's time is spent here: what is unusual about a line is left to `_unusual_line`."""
        if "testproject" in self._scopes or not self._scopes:
            return
        try:
            number, hits = int(attributes["num"]), int(attributes["count"])
        except (KeyError, ValueError):
            number = hits = -1
        if attributes.get("type") == "stmt" and 0 <= number <= HIGHEST_LINE and 0 <= hits <= MOST_HITS:
            if self._lines.get(number, -1) < hits:
                self._lines[number] = hits
        elif attributes.get("type") != "method":
            self._unusual_line(attributes)

    def _unusual_line(self, attributes: dict[str, str]) -> None:
        at = self._stream.line
        number = self._source.number(attributes.get("num"), at)
        sides = [self._source.hits(attributes.get(key), at) for key in ("truecount", "falsecount")]
        hits = self._source.hits(attributes.get("count"), at)
        if hits is None and any(side is not None for side in sides):
            hits = sum(side or 0 for side in sides)  # OpenClover gives a condition its two sides alone
        if hits is not None:
            self._lines[number] = max(hits, self._lines.get(number, 0))
        if attributes.get("type") == "cond":
            self._condition(number, sides[0] or 0, sides[1] or 0, evaluations="count" not in attributes)

    def _condition(self, number: int, true: int, false: int, *, evaluations: bool) -> None:
        """OpenClover says how often it was true and false; istanbul how many branches were taken and how many not."""
        covered, total = (bool(true) + bool(false), 2) if evaluations else (true, true + false)
        before = self._branches.get(number, Branch(0, 0))
        self._branches[number] = Branch(before.covered + covered, before.total + total)
