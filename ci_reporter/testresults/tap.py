"""TAP 12 to 14 (testanything.org), with the subtests of Perl, node and node-tap, buffered ones and YAML blocks too.

The leaves are counted: a test point that sums up a subtest counts only when it says "not ok" and nothing in it did.
SKIP and TODO are skipped. What a plan announced and nobody ran is an error, and so is a bail-out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ci_reporter.errors import ReportFileError
from ci_reporter.system.reporthead import xml_start
from ci_reporter.system.text import clip
from ci_reporter.testresults import values
from ci_reporter.testresults.cases import ERROR, FAILED, PASSED, SKIPPED, Tally
from ci_reporter.testresults.lines import lines, readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_SIGN = re.compile(r"^(TAP version \d+[ \t]*$|1\.\.\d+[ \t]*(#.*)?$|(not )?ok \d+\b)", re.MULTILINE)
DEEPEST = 64
_BAIL_OUT = "Bail out!"
_INDENT = 4
_MOST_NAMED = 100
_POINT = re.compile(r"(not )?ok\b(?:[ \t]+(\d{1,9})\b)?[ \t]*(?:-[ \t]+)?(.*)")
_DIRECTIVE = re.compile(r"(?:^|[ \t])#[ \t]*(?:skip|todo)", re.IGNORECASE)
_TIME = re.compile(r"(?:^|[ \t])#[ \t]*time=([0-9.]{1,20})(ms|s)\b")
_PLAN = re.compile(r"\d{1,9}\.\.(\d{1,9})[ \t]*(?:#[ \t]*(.*))?")
_SUBTEST = re.compile(r"#[ \t]*Subtest:[ \t]*(.*)", re.IGNORECASE)
_YAML_KEY = re.compile(r"(duration_ms|message|error)[ \t]*:[ \t]*(.*)")
_ESCAPED = re.compile(r"\\([#\\])")


def sniff(text: str) -> bool:
    """Whether some line is a version, a plan or a numbered test point; other output may stand before it."""
    return xml_start(text) is None and bool(_SIGN.search(text))


def read(path: str, file: BinaryIO, tally: Tally) -> None:
    """Count the test points of one file. Raises ReportFileError when there is none and no plan either."""
    reader = _Reader(tally)
    for line_number, line in lines(file):
        if not readable(line):
            tally.note(f"line {line_number} is not in UTF-8")
        reader.take(line)
    reader.finish()
    if not reader.anything:
        raise ReportFileError(path, 'holds no test point and no plan; expected lines such as "ok 1 - name" and "1..1"')


@dataclass(slots=True)
class _Stream:
    """Test points of one depth: the file's own, or a subtest's."""

    planned: int | None = None
    seen: int = 0
    leaves: int = 0
    bad: int = 0
    title: str = ""


@dataclass(slots=True)
class _Point:
    depth: int
    ok: bool
    name: str
    directive: bool
    seconds: float | None
    message: str = ""
    inner: _Stream | None = None


class _Reader:
    """The streams that are open, outermost first, and the test point whose details may still follow."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._streams = [_Stream()]
        self._buffered: list[_Point] = []
        self._point: _Point | None = None
        self._details: _Details | None = None
        self._bailed = False
        self._planned: int | None = None
        self.anything = False

    def take(self, line: str) -> None:
        """Read one line."""
        if self._details and self._details.take(line):
            return
        self._details = None
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if self._point and text.rstrip() == "---" and indent > self._point.depth * _INDENT:
            self._details = _Details(self._point, indent)
        elif indent % _INDENT == 0 and indent // _INDENT < DEEPEST:
            self._statement(indent // _INDENT, text.rstrip())
        else:
            self._remark(text)

    def finish(self) -> None:
        """Settle what is open at the end of the file."""
        self._settle()
        while self._buffered:
            self._close()
        self._end_document()
        if self._planned is not None:
            self._tally.declared = {"total": self._planned}
        elif self.anything:
            self._tally.note("has no plan (1..N): it may have been cut off")

    def _statement(self, depth: int, text: str) -> None:
        if match := _POINT.match(text):
            self._on_point(depth, match)
        elif match := _PLAN.fullmatch(text):
            self._on_plan(depth, int(match[1]), match[2] or "")
        elif match := _SUBTEST.fullmatch(text):
            self._settle()
            self._stream(depth).title = match[1]
        elif text.startswith(_BAIL_OUT):
            self._settle()
            self._bailed = self.anything = True
            self._tally.add(ERROR, _BAIL_OUT, message=text[len(_BAIL_OUT) :] or "the tests were given up")
        elif text == "}" and self._buffered and self._buffered[-1].depth == depth:
            self._settle()
            self._close()
        elif depth == 0 and text.startswith("TAP version"):
            self._settle()
            self._end_document()
        else:
            self._remark(text)

    def _remark(self, text: str) -> None:
        """Keep what Perl and mocha say below a test point that failed."""
        if self._point and not self._point.ok and text not in ("", "..."):
            _append(self._point, f"{text.lstrip('# ')}\n")

    def _on_point(self, depth: int, match: re.Match[str]) -> None:
        self._settle()
        stream = self._stream(depth)
        if depth == 0 and stream.planned is not None and stream.seen >= stream.planned:
            if not match[2] and not match[3]:
                return  # prove's word on the whole script
            if match[2] == "1":
                stream = self._end_document()
        stream.seen += 1
        self.anything = True
        point = _point(depth, match, stream.title)
        stream.title = ""
        if match[3].endswith("{"):
            self._buffered.append(point)
        else:
            self._sum_up(point)

    def _on_plan(self, depth: int, planned: int, comment: str) -> None:
        self._settle()
        stream = self._stream(depth)
        if depth == 0 and stream.planned is not None:
            stream = self._end_document()
        stream.planned = planned
        self.anything = True
        if planned == 0 and depth == 0:
            self._tally.note(f"plans no test: {clip(values.name(comment), 100) or 'no reason is given'}")

    def _close(self) -> None:
        """The end of a buffered subtest, whose test point stood before it."""
        self._sum_up(self._buffered.pop())
        self._settle()

    def _sum_up(self, point: _Point) -> None:
        """Give a test point the subtest before it, if there is one, and wait for its details."""
        if len(self._streams) > point.depth + 1:
            point.inner = self._streams[point.depth + 1]
            del self._streams[point.depth + 1 :]
        self._point = point

    def _stream(self, depth: int) -> _Stream:
        """The stream at that depth; deeper ones stay open until a test point sums them up."""
        while len(self._streams) <= depth:
            self._streams.append(_Stream())
        return self._streams[depth]

    def _settle(self) -> None:
        """Count the test point whose details have been read."""
        point, self._point = self._point, None
        if point is None:
            return
        stream, inner = self._stream(point.depth), point.inner
        if inner and inner.leaves:
            stream.leaves += inner.leaves
            stream.bad += inner.bad
            if point.ok or point.directive or inner.bad:
                return
        outcome = SKIPPED if point.directive else PASSED if point.ok else FAILED
        stream.leaves += 1
        stream.bad += outcome == FAILED
        titles = (*(each.title for each in self._streams[: point.depth]), *(each.name for each in self._buffered))
        suite = " > ".join(filter(None, titles))
        self._tally.add(outcome, point.name, suite, seconds=point.seconds, message=point.message)

    def _end_document(self) -> _Stream:
        """End the outermost stream, compare it with its plan, and begin another: scripts may follow one another."""
        stream, bailed = self._streams[0], self._bailed
        self._streams, self._bailed = [_Stream()], False
        if stream.planned is not None:
            missing = stream.planned - stream.seen
            self._planned = (self._planned or 0) + stream.leaves + missing
            if missing > bailed:
                self._miss(stream, missing - bailed)
        return self._streams[0]

    def _miss(self, stream: _Stream, missing: int) -> None:
        self._tally.note(f"plans {stream.planned} tests and holds {stream.seen}; those that never ran are errors")
        named = min(missing, _MOST_NAMED)
        for number in range(named):
            self._tally.add(ERROR, f"test {stream.seen + number + 1} of {stream.planned}", message="never ran")
        self._tally.add_counts({"total": missing - named, "errors": missing - named})


class _Details:
    """A YAML block behind a test point: its duration, and the first message or error."""

    def __init__(self, point: _Point, indent: int) -> None:
        self._point = point
        self._indent = indent
        self._block: int | None = None

    def take(self, line: str) -> bool:
        """Read one line, unless the block ends before it."""
        text = line.strip(" ")
        indent = len(line) - len(line.lstrip(" "))
        if text and (indent < self._indent or (text == "..." and indent == self._indent)):
            return False
        if self._block is not None and (not text or indent > self._block):
            _append(self._point, f"{text}\n")
        else:
            self._block = None
            self._key(text, indent)
        return True

    def _key(self, text: str, indent: int) -> None:
        match = _YAML_KEY.fullmatch(text)
        if match is None:
            return
        key, value = match.groups()
        if key == "duration_ms":
            self._point.seconds = values.seconds(value, per_second=1000)
        elif not self._point.message and value[:1] in ("|", ">"):
            self._block = indent
        elif not self._point.message:
            _append(self._point, value.strip("'\""))


def _append(point: _Point, text: str) -> None:
    if len(point.message) < values.LONGEST_MESSAGE:
        point.message += text[: values.LONGEST_MESSAGE]


def _point(depth: int, match: re.Match[str], title: str) -> _Point:
    """A test point without what follows it."""
    rest = match[3].removesuffix("{")
    directive = _DIRECTIVE.search(rest)
    time = _TIME.search(rest)
    ends = [found.start() for found in (directive, time) if found]
    name = _ESCAPED.sub(r"\1", rest[: min(ends, default=len(rest))]).strip()
    seconds = values.seconds(time[1], per_second=1000 if time[2] == "ms" else 1) if time else None
    return _Point(depth, not match[1], name or title or f"test {match[2] or ''}".strip(), bool(directive), seconds)
