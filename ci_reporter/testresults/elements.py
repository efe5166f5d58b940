"""XML in which a case is an element with its message somewhere in it: what the formats of .NET have in common."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field

from ci_reporter.errors import ReportFileError
from ci_reporter.system.xmlstream import XMLStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    Attributes = dict[str, str]


@dataclass(slots=True)
class Element:
    """A case as it stands in the file: `holds` are the elements in it by name, `message` what it said."""

    name: str
    attributes: Attributes
    message: str = ""
    holds: dict[str, Attributes] = field(default_factory=dict)
    leaf: bool = True


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Names of elements, and what to do with them: `on_case` for a case at its end, else `on_other`."""

    roots: Container[str]
    cases: Container[str]
    on_case: Callable[[Element], None]
    on_other: Callable[[str, Attributes], None]
    messages: Container[str] = ("message",)


def read_cases(path: str, file: BinaryIO, shape: Shape) -> None:
    """Tell of each case at its end; one that holds others is their frame and no case. Raises ReportFileError."""
    reader = _Reader(path, shape)
    reader.stream.read(file)


class _Reader:
    """The cases that are open, outermost first."""

    def __init__(self, path: str, shape: Shape) -> None:
        self.stream = XMLStream(path, self._start, self._end)
        self._path = path
        self._shape = shape
        self._open: list[Element] = []
        self._in_root = self._in_message = False

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        shape = self._shape
        if not self._in_root and name not in shape.roots:
            raise ReportFileError(self._path, f"expected another root element than <{name[:40]}>")
        self._in_root = True
        if self._open:
            self._open[-1].holds.setdefault(name, attributes)
        if name in shape.cases:
            if self._open:
                self._open[-1].leaf = False
            self._open.append(Element(name, attributes))
        elif name in shape.messages and self._open:
            self._in_message = True
            self.stream.collect_text()
        else:
            shape.on_other(name, attributes)

    def _end(self, name: str) -> None:
        if name in self._shape.messages and self._in_message:
            self._in_message = False
            said = self.stream.take_text()
            self._open[-1].message = self._open[-1].message or said
        elif name in self._shape.cases:
            case = self._open.pop()
            if case.leaf:
                self._shape.on_case(case)
