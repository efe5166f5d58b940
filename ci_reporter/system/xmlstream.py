"""Read XML of any size as a stream: nothing is expanded, nothing fetched, depth and sizes are bounded.

Python's documentation ("XML vulnerabilities") lists what a parser has to refuse. Reports have no use for entities or
default attributes, so their declarations are an error; a DOCTYPE alone is not.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
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
    """Elements that are the bulk of a file: those that hold nothing come in batches instead of by `start` and `end`.

    `take(batch)` gets their attributes before whatever follows them is told. Told one by one, a large JUnit file takes
    40 % longer (`benchmarks/reports`); for Cobertura's lines it is 7 %, which is not worth it.
    """

    name: str
    take: Callable[[Sequence[dict[str, str]]], None]


class XMLStream:
    """One pass over one XML file: `start(name, attributes)` and `end(name)` are called in the order of its tags.

    Names come without their namespace's prefix. Text is thrown away unless `collect_text` asked for it.
    """

    def __init__(self, path: str, start: Start, end: End | None = None, rows: Rows | None = None) -> None:
        self._path = path
        self._start = start
        self._end = end
        self._rows = rows
        self._batch: list[dict[str, str]] = []
        self._text: list[str] = []
        self._room = 0
        self._parser = expat.ParserCreate()

    @property
    def line(self) -> int:
        """The line that is being read."""
        return self._parser.CurrentLineNumber

    def collect_text(self) -> None:
        """Collect text from here on, up to `LONGEST_TEXT` characters."""
        self._text.clear()
        self._room = LONGEST_TEXT
        self._parser.CharacterDataHandler = self._keep

    def take_text(self) -> str:
        """The text since `collect_text`, which ends here."""
        self._parser.CharacterDataHandler = None
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
        except expat.ExpatError as exc:
            raise self._error(f"expected well-formed XML: {expat.ErrorString(exc.code)}", exc.lineno) from exc
        except UnicodeDecodeError as exc:
            raise self._error(f"is not in the encoding it declares, {codec}") from exc

    def _set_up(self, parser: expat.XMLParserType) -> None:
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._handlers()
        # Refused where they are declared, before any use: ten nested entities are 10^9 `lol`s ("billion laughs").
        parser.EntityDeclHandler = self._refuse_entity
        parser.AttlistDeclHandler = self._refuse_default

    def _handlers(self) -> tuple[Start, End]:
        """What the parser calls for each tag: closures, since most of the time that a large file takes is spent here.

        `row` is a row that has begun and holds nothing so far: if its end follows, it goes to the batch.
        """
        on_start, on_end, row_name = self._start, self._end, self._rows.name if self._rows else ""
        batch, depth = self._batch, 0
        row: dict[str, str] | None = None

        def tell(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > DEEPEST:
                raise self._error(f"has more than {DEEPEST} levels of elements", self.line)
            if batch:
                self._hand_over()
            on_start(name.rpartition(":")[2] if ":" in name else name, attributes)

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal row
            if row is not None:  # it holds this element
                tell(row_name, row)
                row = None
            if name == row_name:
                row = attributes
            else:
                tell(name, attributes)

        def end(name: str) -> None:
            nonlocal depth, row
            if row is not None:
                batch.append(row)
                row = None
                return
            depth -= 1
            if batch:
                self._hand_over()
            if on_end:
                on_end(name.rpartition(":")[2] if ":" in name else name)

        return start, end

    def _hand_over(self) -> None:
        if self._rows:
            self._rows.take(self._batch)
        self._batch.clear()

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
        self._hand_over()
        # expat holds a token until it is complete, and CurrentByteIndex stays at its start: the distance from what was
        # fed is what it holds. Names are interned and never freed, so a file of ever new names is another way to fill
        # the memory.
        if parser.CurrentByteIndex + LARGEST_TOKEN_BYTES < fed:
            raise self._error(f"has a tag or comment of more than {LARGEST_TOKEN_BYTES} bytes", self.line)
        if len(parser.intern) > MOST_NAMES:
            raise self._error(f"has more than {MOST_NAMES} different names of elements and attributes", self.line)

    def _encoding(self, head: bytes) -> tuple[str, str | None]:
        """What the parser is told, and the codec to decode with first where it does not know the encoding.

        Bytes win over the declaration: .NET writes `utf-16` into strings that are then saved as UTF-8.
        """
        # UTF-32's mark begins with UTF-16's (ff fe 00 00), so it is looked for first.
        if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"<\0\0\0", b"\0\0\0<")):
            raise self._error("is in UTF-32; UTF-8 was expected")
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16", None
        # Without a mark: `<` in UTF-16 is 3c 00 or 00 3c. Source: XML 1.0, appendix F.
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
