"""Read XML of any size as a stream: nothing is expanded, nothing fetched, depth and sizes are bounded.

Python's documentation ("XML vulnerabilities") lists what a parser has to refuse. Reports have no use for entities or
default attributes, so their declarations are an error; a DOCTYPE alone is not.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from xml.parsers import expat

from ci_reporter.errors import ReportFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]

DEEPEST = 256
LARGEST_TOKEN_BYTES = 8 * 1024 * 1024
LONGEST_TEXT = 1024 * 1024
MOST_NAMES = 10_000
_CHUNK_BYTES = 256 * 1024
_DECLARED = re.compile(rb"""\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_NATIVE = {"utf-8": "utf-8", "utf8": "utf-8", "iso-8859-1": "iso-8859-1", "us-ascii": "us-ascii", "ascii": "us-ascii"}
_WIDE = re.compile(r"utf-?(16|32)|ucs-?[24]|iso-10646-ucs|unicode", re.IGNORECASE)
_CODECS = re.compile(r"(windows|cp|iso|gb|big5|shift|sjis|euc|koi8|mac|latin|ms|ks_c|tis|ibm)", re.IGNORECASE)


class Rows(NamedTuple):
    """Elements that are the bulk of a file: their attributes come in batches, so that each costs half.

    `take(batch)` is called before the next other element starts or ends; the list is emptied after it.
    """

    name: str
    take: Callable[[list[dict[str, str]]], None]


class HoldingRows(NamedTuple):
    """The same where they may hold elements: those that do are told by `start` and `end` and keep their place.

    Attributes come flat, name and value in turn, which costs less than a dict of them.
    """

    name: str
    take: Callable[[list[list[str]]], None]


class XMLStream:
    """One pass over one XML file: `start(name, attributes)` and `end(name)` are called in the order of its tags.

    Names come without their namespace's prefix. Text is thrown away unless `collect` asked for it.
    """

    def __init__(self, path: str, start: Start, end: End | None = None, rows: Rows | HoldingRows | None = None) -> None:
        self._path = path
        self._start = start
        self._end = end
        self._rows = None if isinstance(rows, HoldingRows) else rows
        self._holding_rows = rows if isinstance(rows, HoldingRows) else None
        self._settle_now: Callable[[], None] = self._settle
        self._depth = 0
        self._rows_open = 0
        self._batch: list[dict[str, str]] = []
        self._ended: list[str] = []
        self._text: list[str] = []
        self._room = 0
        self._parser = expat.ParserCreate()

    @property
    def line(self) -> int:
        """The line that is being read."""
        return self._parser.CurrentLineNumber

    def has_met(self, name: str) -> bool:
        """Whether an element or attribute of that name has gone by: what no one has needs no look at each."""
        return name in self._parser.intern

    def collect(self) -> None:
        """Keep text from here on, up to `LONGEST_TEXT` characters."""
        self._text.clear()
        self._room = LONGEST_TEXT
        self._parser.CharacterDataHandler = self._keep
        if not self._holding_rows:
            self._parser.EndElementHandler = self._end_at_once

    def collected(self) -> str:
        """Text since `collect`, which ends here."""
        self._parser.CharacterDataHandler = None
        if not self._holding_rows:
            self._parser.EndElementHandler = self._ended.append
        text = "".join(self._text)
        self._text.clear()
        return text

    def read(self, file: BinaryIO) -> None:
        """Read it all. Raises ReportFileError naming the line for anything but well-formed, bounded XML."""
        head = file.read(_CHUNK_BYTES)
        encoding, codec = self._encoding(head)
        self._parser = parser = expat.ParserCreate(encoding)
        self._set_up(parser)
        fed = 0
        try:
            for chunk in _chunks(head, file, codec):
                parser.Parse(chunk, False)
                fed += len(chunk)
                self._check(parser, fed)
            parser.Parse(b"", True)
            self._settle_now()
        except expat.ExpatError as exc:
            raise self._error(f"expected well-formed XML: {expat.ErrorString(exc.code)}", exc.lineno) from exc
        except UnicodeDecodeError as exc:
            raise self._error(f"is not in the encoding it declares, {codec}") from exc

    def _set_up(self, parser: expat.XMLParserType) -> None:
        parser.buffer_text = True
        if self._holding_rows:
            parser.ordered_attributes = True
            parser.StartElementHandler, parser.EndElementHandler = self._holding(self._holding_rows)
        else:
            parser.StartElementHandler = self._starter()
            parser.EndElementHandler = self._ended.append
        parser.EntityDeclHandler = self._refuse_entity
        parser.AttlistDeclHandler = self._refuse_default

    def _starter(self) -> Start:
        """What each start tag goes through: a plain closure, because it is most of the time spent.

        Ends are only noted, which costs no call of Python's, and told before the next start.
        """
        row = self._rows.name if self._rows else None
        keep, settle, on_start = self._batch.append, self._settle, self._start

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == row:
                keep(attributes)
                return
            settle()
            self._depth += 1
            on_start(name.rpartition(":")[2] if ":" in name else name, attributes)

        return start

    def _holding(self, rows: HoldingRows) -> tuple[Callable[[str, list[str]], None], End]:
        """The same for rows that may hold elements, which costs a call of Python's for each end."""
        row, on_start, on_end = rows.name, self._start, self._tell_end
        batch: list[list[str]] = []
        keep = batch.append
        told = closed = held = depth = 0  # rows handed over; rows ended; rows that hold something now; other elements

        def settle() -> None:
            nonlocal told, held
            told += len(batch)
            within = told - closed
            if depth + within >= DEEPEST:
                raise self._error(f"has more than {DEEPEST} levels of elements", self.line)
            kept = batch[held - within :] if within > held else []
            if kept:
                del batch[held - within :]
            if batch:
                rows.take(batch)
                batch.clear()
            held += len(kept)
            for attributes in kept:
                on_start(row, by_name(attributes))

        def start(name: str, attributes: list[str]) -> None:
            nonlocal depth
            if name == row:
                keep(attributes)
                return
            if batch or depth == DEEPEST:
                settle()
            depth += 1
            on_start(name.rpartition(":")[2] if ":" in name else name, by_name(attributes))

        def end(name: str) -> None:
            nonlocal closed, held, depth
            if name == row:
                closed += 1
                if held and told + len(batch) - closed < held:
                    if batch:
                        settle()
                    held -= 1
                    on_end(name)
                return
            if batch:
                settle()
            depth -= 1
            on_end(name)

        self._settle_now = settle
        return start, end

    def _settle(self) -> None:
        """Tell what has ended and hand over the rows since the last start, in the order they came."""
        batch, ended, rows = self._batch, self._ended, self._rows
        self._depth += len(batch)
        if self._depth - len(ended) > DEEPEST:
            raise self._error(f"has more than {DEEPEST} levels of elements", self.line)
        rows_ended = ended.count(rows.name) if rows else 0
        rows_open = self._rows_open + len(batch) - rows_ended
        if rows_ended == len(ended):
            self._depth -= rows_ended
        else:
            self._replay()
        if rows and batch:
            rows.take(batch)
        batch.clear()
        ended.clear()
        self._rows_open = rows_open

    def _replay(self) -> None:
        """Other elements ended too: before each of them come the rows that ended before it."""
        batch, rows = self._batch, self._rows
        taken, closed = 0, -self._rows_open
        for name in self._ended:
            if rows and name == rows.name:
                closed += 1
                self._depth -= 1
                continue
            if rows and closed > taken:
                rows.take(batch[taken:closed])
                taken = closed
            self._end_at_once(name)
        del batch[:taken]

    def _end_at_once(self, name: str) -> None:
        self._depth -= 1
        if not (self._rows and name == self._rows.name):
            self._tell_end(name)

    def _tell_end(self, name: str) -> None:
        if self._end is not None:
            self._end(name.rpartition(":")[2] if ":" in name else name)

    def _keep(self, data: str) -> None:
        if self._room > 0:
            self._text.append(data[: self._room])
            self._room -= len(data)

    def _refuse_entity(self, name: str, *_rest: object) -> None:
        raise self._error(f"declares the entity {name[:40]!r}; entities are refused", self.line)

    def _refuse_default(self, _element: str, name: str, _kind: str, default: str | None, _required: bool) -> None:
        if default is not None:
            raise self._error(f"declares a default for the attribute {name[:40]!r}; defaults are refused", self.line)

    def _check(self, parser: expat.XMLParserType, fed: int) -> None:
        """Between two chunks: one token that fills many of them, or ever new names, would fill the memory."""
        self._settle_now()
        if parser.CurrentByteIndex + LARGEST_TOKEN_BYTES < fed:
            raise self._error(f"has a tag or comment of more than {LARGEST_TOKEN_BYTES} bytes", self.line)
        if len(parser.intern) > MOST_NAMES:
            raise self._error(f"has more than {MOST_NAMES} different names of elements and attributes", self.line)

    def _encoding(self, head: bytes) -> tuple[str, str | None]:
        """What the parser is told, and the codec to decode with first where it does not know the encoding.

        Bytes win over the declaration: .NET writes `utf-16` into strings that are then saved as UTF-8.
        """
        if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"<\0\0\0", b"\0\0\0<")):
            raise self._error("is in UTF-32; UTF-8 was expected")
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16", None
        if head.startswith((b"<\0", b"\0<")):
            return ("utf-16le" if head.startswith(b"<") else "utf-16be"), None
        match = _DECLARED.match(head)
        declared = match[1].decode("ascii").lower() if match else "utf-8"
        if _WIDE.match(declared) or head.startswith(codecs.BOM_UTF8):
            return "utf-8", None
        # Always an encoding of the parser's own: it looks others up in Python and lets that error through.
        return (_NATIVE[declared], None) if declared in _NATIVE else ("utf-8", self._codec(declared))

    def _codec(self, declared: str) -> str:
        try:
            if _CODECS.match(declared):
                return codecs.lookup(declared).name
        except LookupError:
            pass
        raise self._error(f"declares the encoding {declared!r}, which is not known; UTF-8 was expected")

    def _error(self, problem: str, line: int | None = None) -> ReportFileError:
        return ReportFileError(self._path, problem, line)


def by_name(attributes: list[str]) -> dict[str, str]:
    """Attributes that came flat, by name."""
    return dict(zip(attributes[::2], attributes[1::2], strict=True))


def _chunks(head: bytes, file: BinaryIO, codec: str | None) -> Iterator[bytes]:
    if codec is None:
        while head:
            yield head
            head = file.read(_CHUNK_BYTES)
        return
    decoder = codecs.getincrementaldecoder(codec)()
    while head:
        yield decoder.decode(head).encode("utf-8")
        head = file.read(_CHUNK_BYTES)
    yield decoder.decode(b"", True).encode("utf-8")
