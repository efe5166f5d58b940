"""SonarQube's generic coverage, which gcovr, ReportGenerator and many plug-ins write; the unit is the line.

Source: SonarQube's documentation, "Generic test data", and sonar-generic-coverage.xsd. The root is `<coverage
version="1">` as Cobertura's is, but `<file path>` stands right in it. A line says whether it ran, not how often:

    <lineToCover lineNumber="7" covered="true" branchesToCover="2" coveredBranches="1"/>
"""

from __future__ import annotations

from ci_reporter.coverage.report import Branch
from ci_reporter.coverage.source import Declared, Source
from ci_reporter.coverage.tally import Tally
from ci_reporter.system.reporthead import xml_start
from ci_reporter.system.xmlstream import XMLStream

_COVERED = {"true": 1, "false": 0}


def sniff(text: str) -> bool:
    """Whether the root is `<coverage>` and a `<file>` is the first element in it."""
    start = xml_start(text)
    return start is not None and (start.root, start.child) == ("coverage", "file")


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    return _Reader(source, tally).read()


class _Reader:
    def __init__(self, source: Source, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._in_root = False
        self._file: str | None = None
        self._lines: dict[int, int] = {}
        self._branches: dict[int, Branch] = {}
        self._stream = XMLStream(source.path, self._start, self._end)

    def read(self) -> Declared:
        self._stream.read(self._source.file)
        return Declared(unit="line")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._in_root and name != "coverage":
            raise self._source.error(f"expected a <coverage> element, got <{name[:40]}>", self._stream.line)
        self._in_root = True
        if name == "file":
            self._file = attributes.get("path", "")
            self._lines, self._branches = {}, {}
        elif name == "lineToCover" and self._file is not None:
            self._line(attributes)

    def _end(self, name: str) -> None:
        if name == "file" and self._file is not None:
            self._tally.lines(self._file, self._lines, self._branches)
            self._file = None

    def _line(self, attributes: dict[str, str]) -> None:
        at = self._stream.line
        number = self._source.number(attributes.get("lineNumber"), at)
        covered = _COVERED.get(attributes.get("covered", "").strip().lower())
        if covered is None:
            raise self._source.error(f"expected covered to be true or false, got {attributes.get('covered')!r}", at)
        self._lines[number] = max(covered, self._lines.get(number, 0))
        total = self._source.count(attributes.get("branchesToCover"), "branchesToCover", at)
        taken = self._source.count(attributes.get("coveredBranches"), "coveredBranches", at)
        if total and taken is not None:
            self._branches[number] = Branch(min(taken, total), total)
