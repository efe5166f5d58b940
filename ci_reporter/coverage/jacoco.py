"""JaCoCo XML, which Kover and gcovr write too. Its several counters are told apart by type: LINE is for lines.

Source: JaCoCo's report.dtd 1.1. `ci` and `mi` are instructions of a line that ran and that did not.
"""

from __future__ import annotations

from ci_reporter.coverage.report import HIGHEST_LINE, Branch, FileCoverage
from ci_reporter.coverage.source import Declared, Source, declared_count
from ci_reporter.coverage.tally import Tally, of_lines
from ci_reporter.system.reporthead import xml_start
from ci_reporter.system.xmlstream import XMLStream

Counters = dict[str, tuple[int, int]]
_SCOPES = frozenset({"report", "group", "package", "class", "method", "sourcefile"})
# What lines are counted as where there is no LINE counter: a build without debug information.
_UNITS = (("LINE", "line"), ("INSTRUCTION", "instruction"))


def sniff(text: str) -> bool:
    """Whether the root is `<report>`."""
    start = xml_start(text)
    return start is not None and start.root == "report"


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    return _Reader(source, tally).read()


class _Reader:
    def __init__(self, source: Source, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._scopes: list[str] = []
        self._package = ""
        self._file = ""
        self._counters: Counters = {}
        self._lines: dict[int, int] | None = {}
        self._branches: dict[int, Branch] = {}
        self._totals: Counters = {}
        self._seen = False
        self._stream = XMLStream(source.path, self._start, self._end)

    def read(self) -> Declared:
        self._stream.read(self._source.file)
        if not self._seen:
            raise self._source.error("expected a <report> element")
        kind, unit = next((each for each in _UNITS if each[0] in self._totals), _UNITS[0])
        covered, total = self._totals.get(kind, (None, None))
        branches = self._totals.get("BRANCH", (None, None))
        return Declared(
            unit=unit, covered=covered, total=total, branches_covered=branches[0], branches_total=branches[1]
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "line":
            self._line(attributes)
        elif name == "counter":
            self._counter(attributes)
        elif name in _SCOPES:
            self._open(name, attributes)
        if not self._scopes:
            raise self._source.error(f"expected a <report> element, got <{name[:40]}>", self._stream.line)
        self._seen = True

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        self._scopes.append(name)
        if name == "package":
            self._package = attributes.get("name", "")
        elif name == "sourcefile":
            self._file = f"{self._package}/{attributes.get('name', '')}".lstrip("/")
            self._lines, self._branches, self._counters = {}, {}, {}

    def _end(self, name: str) -> None:
        if name in _SCOPES:
            self._scopes.pop()
            if name == "sourcefile":
                self._close_file()

    def _line(self, attributes: dict[str, str]) -> None:
        """JaCoCo's lines have no hits, only instructions that ran (`ci`) and that did not (`mi`)."""
        if self._lines is None or not self._scopes:
            return
        try:
            number, covered, missed = int(attributes["nr"]), int(attributes["ci"]), int(attributes["mi"])
        except (KeyError, ValueError):
            number = covered = missed = -1
        if not (0 <= number <= HIGHEST_LINE and covered >= 0 <= missed):
            self._unusual_line(attributes)
            return
        self._lines[number] = 1 if covered else 0
        if attributes.get("cb", "0") != "0" or attributes.get("mb", "0") != "0":
            self._branch(number, attributes)

    def _unusual_line(self, attributes: dict[str, str]) -> None:
        at = self._stream.line
        number = self._source.number(attributes.get("nr"), at)
        covered, missed = (self._source.hits(attributes.get(key), at) for key in ("ci", "mi"))
        if covered is None or missed is None or self._lines is None:
            self._lines = None  # gcovr gives lines without instructions: which of them ran is not known
            return
        self._lines[number] = int(covered > 0)
        self._branch(number, attributes)

    def _branch(self, number: int, attributes: dict[str, str]) -> None:
        taken, missed = (self._source.hits(attributes.get(key), self._stream.line) or 0 for key in ("cb", "mb"))
        if taken + missed:
            self._branches[number] = Branch(taken, taken + missed)

    def _counter(self, attributes: dict[str, str]) -> None:
        missed, covered = (declared_count(attributes.get(key)) for key in ("missed", "covered"))
        if missed is None or covered is None or not self._scopes:
            return
        if self._scopes[-1] == "report":
            self._totals[attributes.get("type", "")[:20]] = (covered, covered + missed)
        elif self._scopes[-1] == "sourcefile":
            self._counters[attributes.get("type", "")[:20]] = (covered, covered + missed)

    def _close_file(self) -> None:
        if self._lines:
            self._tally.counts(of_lines(self._file, self._lines, self._branches, detail=self._tally.detail))
            return
        counts = next((self._counters[kind] for kind, _ in _UNITS if kind in self._counters), (0, 0))
        branches = self._counters.get("BRANCH", (None, None))
        self._tally.counts(
            FileCoverage(
                path=self._file,
                covered=counts[0],
                total=counts[1],
                branches_covered=branches[0],
                branches_total=branches[1],
            )
        )
