"""Cobertura XML: coverage.py, istanbul, coverlet, gcovr, PHPUnit, OpenCppCoverage and many more write it.

Source: the DTD coverage-04 and what those tools write. A line stands under its class and again under its method;
the class has all of them, except in the files that have them under methods alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from ci_reporter.coverage.report import HIGHEST_LINE, MOST_HITS, Branch
from ci_reporter.coverage.source import Declared, Source
from ci_reporter.coverage.tally import Tally
from ci_reporter.system.reporthead import xml_start
from ci_reporter.system.xmlstream import XMLStream

_CONDITIONS = re.compile(r"\((\d{1,18})/(\d{1,18})\)")
_MOST_ROOTS = 1000


@dataclass
class _Class:
    """The class at hand: lines of its own, and of its methods."""

    name: str = ""
    lines: dict[int, int] = field(default_factory=dict)
    branches: dict[int, Branch] = field(default_factory=dict)


def sniff(text: str) -> bool:
    """Whether the root is `<coverage>` and neither Clover's nor SonarQube's."""
    start = xml_start(text)
    if start is None or start.root != "coverage" or start.child in ("project", "file"):
        return False
    return not re.search(r"\s(?:clover|generated)=", start.attributes)


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    return _Reader(source, tally).read()


class _Reader:
    def __init__(self, source: Source, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._root: dict[str, str] | None = None
        self._roots: list[str] = []
        self._own, self._methods = _Class(), _Class()
        self._at = self._own
        self._others: dict[str, Callable[[dict[str, str]], None]] = {
            "class": self._open_class,
            "methods": self._open_methods,
            "source": self._open_source,
        }
        self._stream = XMLStream(source.path, self._start, self._end)

    def read(self) -> Declared:
        self._stream.read(self._source.file)
        root = self._root
        if root is None:
            raise self._source.error("expected a <coverage> element")
        return Declared(
            unit="line",
            covered=root.get("lines-covered"),
            total=root.get("lines-valid"),
            branches_covered=root.get("branches-covered"),
            branches_total=root.get("branches-valid"),
            pct=self._source.pct(root.get("line-rate"), 1),
            roots=tuple(self._roots),
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "line" and self._root is not None:
            self._line(attributes)
        elif name in self._others:
            self._others[name](attributes)
        elif self._root is None:
            if name != "coverage":
                raise self._source.error(f"expected a <coverage> element, got <{name[:40]}>", self._stream.line)
            self._root = attributes

    def _end(self, name: str) -> None:
        if name == "class":
            found = self._own if self._own.lines else self._methods
            self._tally.lines(found.name, found.lines, found.branches)
        elif name == "methods":
            self._at = self._own
        elif name == "source":
            text = self._stream.take_text().strip()
            if text and len(self._roots) < _MOST_ROOTS:
                self._roots.append(text[:4096])

    def _open_class(self, attributes: dict[str, str]) -> None:
        name = attributes.get("filename") or attributes.get("name", "")
        self._own, self._methods = _Class(name), _Class(name)
        self._at = self._own

    def _open_methods(self, _attributes: dict[str, str]) -> None:
        self._at = self._methods

    def _open_source(self, _attributes: dict[str, str]) -> None:
        self._stream.collect_text()

    def _line(self, attributes: dict[str, str]) -> None:
        """Most of a large file's time is spent here: what is unusual about a line is left to `_unusual_line`."""
        at = self._at
        try:
            number, hits = int(attributes["number"]), int(attributes["hits"])
        except (KeyError, ValueError):
            number = hits = -1
        if not (0 <= number <= HIGHEST_LINE and 0 <= hits <= MOST_HITS):
            self._unusual_line(at, attributes)
            return
        if at.lines.get(number, -1) < hits:
            at.lines[number] = hits
        if "condition-coverage" in attributes and (found := _conditions(attributes["condition-coverage"])):
            at.branches[number] = found

    def _unusual_line(self, at: _Class, attributes: dict[str, str]) -> None:
        number = self._source.number(attributes.get("number"), self._stream.line)
        hits = self._source.hits(attributes.get("hits"), self._stream.line)
        if hits is not None:
            at.lines[number] = max(hits, at.lines.get(number, 0))


@lru_cache(maxsize=1024)  # the same few texts over and over
def _conditions(text: str) -> Branch | None:
    """Branches of `50% (1/2)`; None for what says nothing."""
    match = _CONDITIONS.search(text)
    return Branch(int(match[1]), int(match[2])) if match and 0 < int(match[2]) >= int(match[1]) else None
