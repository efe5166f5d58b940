"""OpenCover XML, which coverlet writes too: sequence points of .NET methods, with files told by number.

Source: OpenCover's coverage.xsd and coverlet's OpenCover reporter. `vc` is a visit count; a point has start and end.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ci_reporter.coverage.report import FileCoverage, Lines, branches_of
from ci_reporter.coverage.source import Declared, Source, Spans
from ci_reporter.coverage.tally import Tally, of_blocks
from ci_reporter.system.reporthead import xml_start
from ci_reporter.system.xmlstream import XMLStream

_PLACE = ("sl", "sc", "el", "ec")


@dataclass
class _Points:
    """What is known of one file: sequence points by place, lines, branch points by line and path."""

    visits: dict[str, int] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    paths: dict[tuple[int, str], int] = field(default_factory=dict)


def sniff(text: str) -> bool:
    """Whether the root is `<CoverageSession>`."""
    start = xml_start(text)
    return start is not None and start.root == "CoverageSession"


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    return _Reader(source, tally).read()


class _Reader:
    """A module's methods come by class, its files in any order, so one module's points are kept at a time."""

    def __init__(self, source: Source, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._root: str | None = None
        self._depth = 0
        self._summary: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._points: dict[str, _Points] = {}
        self._method_file = ""
        self._spans = Spans(source)
        self._stream = XMLStream(source.path, self._start, self._end)

    def read(self) -> Declared:
        self._stream.read(self._source.file)
        summary = self._summary
        if self._root is None:
            raise self._source.error("expected a <CoverageSession> element")
        return Declared(
            unit="sequence_point",
            covered=summary.get("visitedSequencePoints"),
            total=summary.get("numSequencePoints"),
            branches_covered=summary.get("visitedBranchPoints"),
            branches_total=summary.get("numBranchPoints"),
            pct=self._source.pct(summary.get("sequenceCoverage"), 100),
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if name == "SequencePoint":
            self._sequence_point(attributes)
        elif name == "BranchPoint":
            self._branch_point(attributes)
        elif name == "Summary" and self._depth == 2:
            self._summary = attributes
        elif name == "Module":
            self._names, self._points = {}, {}
        elif name == "File":
            self._names[attributes.get("uid", "")] = attributes.get("fullPath", "")
        elif name == "FileRef":
            self._method_file = attributes.get("uid", "")
        elif self._root is None:
            if name != "CoverageSession":
                raise self._source.error(f"expected a <CoverageSession> element, got <{name[:40]}>", self._stream.line)
            self._root = name

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == "Method":
            self._method_file = ""
        elif name == "Module":
            for uid, points in self._points.items():
                self._tally.counts(_file(self._names.get(uid, f"file {uid}"), points))
            self._names, self._points = {}, {}

    def _at(self, attributes: dict[str, str]) -> _Points:
        return self._points.setdefault(attributes.get("fileid") or self._method_file, _Points())

    def _sequence_point(self, attributes: dict[str, str]) -> None:
        at = self._stream.line
        points = self._at(attributes)
        hits = self._source.hits(attributes.get("vc"), at)
        if hits is None:
            return
        key = ",".join([attributes.get(name, "")[:20] for name in _PLACE])
        points.visits[key] = hits + points.visits.get(key, 0)
        if self._tally.detail:
            first = self._source.number(attributes.get("sl"), at)
            self._spans.mark(points.lines, first, self._source.number(attributes.get("el") or first, at), hits)

    def _branch_point(self, attributes: dict[str, str]) -> None:
        at = self._stream.line
        hits = self._source.hits(attributes.get("vc"), at)
        if hits is None:
            return
        number = self._source.number(attributes.get("sl") or 0, at)
        key = ",".join(attributes.get(name, "")[:20] for name in ("offset", "path", "ordinal"))
        points = self._at(attributes)
        points.paths[number, key] = hits + points.paths.get((number, key), 0)


def _file(name: str, points: _Points) -> FileCoverage:
    branches = branches_of((number, hits) for (number, _), hits in points.paths.items())
    return replace(
        of_blocks(name, {key: (1, hits) for key, hits in points.visits.items()}, branches), lines=Lines.of(points.lines)
    )
