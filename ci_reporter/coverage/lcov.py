"""LCOV tracefiles: geninfo, istanbul, coverage.py, llvm-cov, gcovr and many more write them.

Source: geninfo(1), "FILES". `DA` may repeat, `LF`/`LH` may be absent, a file may come once for each test name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ci_reporter.coverage.report import FileCoverage, branches_of
from ci_reporter.coverage.source import Declared, Source
from ci_reporter.coverage.tally import Tally

_CHUNK_BYTES = 1024 * 1024
_LARGEST_SECTION_BYTES = 64 * 1024 * 1024
# Repetitions are bounded, so that a hostile file costs milliseconds.
_SIGN = re.compile(r"\A(?:\s*#[^\n]{0,200}\n)*\s*(?:TN:|SF:)", re.DOTALL)
_END = b"end_of_record"
_KNOWN = re.compile(rb"(TN|SF|VER|FN|FNDA|FNF|FNH|FNL|FNA|BRDA|BRF|BRH|DA|LF|LH|MCDC|MCF|MCH)(?=:)")
# What nearly all lines of nearly all files are: these are read a block at a time.
_PLAIN_LINES = re.compile(rb"(?>(?:DA:[1-9][0-9]{0,8}+,(?:0\n|[1-9][0-9]{0,17}+\n))+)")


@dataclass
class _Section:
    """One file's records: what they declare, its lines, and how often each branch was taken."""

    name: str = ""
    declared: dict[str, int] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    taken: dict[tuple[int, bytes], int] = field(default_factory=dict)


def sniff(text: str) -> bool:
    """Whether it begins with a test name or a source file, after comments."""
    return bool(_SIGN.match(text))


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    return _Reader(source, tally).read()


class _Reader:
    def __init__(self, source: Source, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._line = 1
        self._sections = 0
        self._declared: dict[str, int] = {}
        self._complete = {"LF": True, "BRF": True}

    def read(self) -> Declared:
        for text in _sections(self._source):
            self._section(text)
        if not self._sections:
            raise self._source.error("expected LCOV records; there is no SF line in it")
        lines = self._both("LH", "LF")
        branches = self._both("BRH", "BRF")
        return Declared(
            unit="line", covered=lines[0], total=lines[1], branches_covered=branches[0], branches_total=branches[1]
        )

    def _both(self, covered: str, total: str) -> tuple[int | None, int | None]:
        """The files' declared counts together, where every file that has such lines declares them."""
        if not self._complete[total] or total not in self._declared:
            return None, None
        return self._declared.get(covered, 0), self._declared[total]

    def _section(self, text: bytes) -> None:
        """Text that ends where a record does; the plain lines in it are taken out and not looked at one by one."""
        section, counts = _Section(), None
        plain = _PLAIN_LINES.search(text)
        if plain and _END not in text and b"\nDA:" not in text[plain.end() - 1 :]:
            numbers, hits = _columns(plain[0])
            if len(set(numbers)) == len(numbers):
                if self._tally.detail:
                    section.lines = dict(zip(map(int, numbers), map(int, hits), strict=True))
                else:
                    counts = (len(hits) - hits.count(b"0"), len(hits))
                before, text = text[: plain.start()], text[plain.end() :]
                self._records(section, before, self._line)
                self._line += before.count(b"\n") + len(numbers)
        section = self._records(section, text, self._line)
        self._line += text.count(b"\n")
        if section.name or section.lines or counts:
            self._close(section, counts)

    def _records(self, section: _Section, text: bytes, at: int) -> _Section:
        """Read line by line; gives the section that is open at the end."""
        for offset, line in enumerate(text.split(b"\n")):
            record = line.strip()
            if record == _END:
                self._close(section, None)
                section = _Section()
            elif record:
                self._record(section, record, at + offset)
        return section

    def _record(self, section: _Section, record: bytes, at: int) -> None:
        if record.startswith(b"#"):
            return
        match = _KNOWN.match(record)
        if not match:
            raise self._source.error(f"expected an LCOV record, got {record[:60]!r}", at)
        kind, value = match[1], record[match.end() + 1 :]
        if kind == b"SF":
            section.name = value.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
        elif kind == b"DA":
            self._da(section, value, at)
        elif kind == b"BRDA":
            self._brda(section, value, at)
        elif kind in (b"LF", b"LH", b"BRF", b"BRH"):
            section.declared[kind.decode()] = self._source.count(_text(value), "a count", at) or 0

    def _da(self, section: _Section, value: bytes, at: int) -> None:
        """`DA:<line>,<hits>[,<checksum>]`; repeated lines add up."""
        number, comma, rest = value.partition(b",")
        if not comma:
            raise self._source.error(f"expected 'DA:line,hits', got {value[:60]!r}", at)
        line = self._source.number(_text(number), at)
        hits = self._source.hits(_text(rest.partition(b",")[0]), at)
        if hits is not None:
            section.lines[line] = section.lines.get(line, 0) + hits

    def _brda(self, section: _Section, value: bytes, at: int) -> None:
        """`BRDA:<line>,[e]<block>,<branch>,<taken>`: `-` is a branch whose line never ran; a branch may hold commas."""
        number, _, rest = value.partition(b",")
        branch, _, taken = rest.rpartition(b",")
        hits = 0 if taken == b"-" else self._source.hits(_text(taken), at) or 0
        key = (self._source.number(_text(number), at), branch)
        section.taken[key] = section.taken.get(key, 0) + hits

    def _close(self, section: _Section, counts: tuple[int, int] | None) -> None:
        self._sections += 1
        if not section.name:
            raise self._source.error("expected an SF line before the first DA line", self._line)
        for kind, has_some in (("LF", section.lines or counts), ("BRF", section.taken)):
            if has_some and kind not in section.declared:
                self._complete[kind] = False
        for kind, count in section.declared.items():
            self._declared[kind] = self._declared.get(kind, 0) + count
        branches = branches_of((number, hits) for (number, _), hits in section.taken.items())
        if counts is None:
            self._tally.lines(section.name, section.lines, branches)
            return
        self._tally.counts(
            FileCoverage(
                path=section.name,
                covered=counts[0],
                total=counts[1],
                branches_covered=sum(each.covered for each in branches.values()) if branches else None,
                branches_total=sum(each.total for each in branches.values()) if branches else None,
            )
        )


def _sections(source: Source) -> Iterator[bytes]:
    """Text up to and with each `end_of_record`; what follows the last one has no end and may be all there is."""
    rest = b""
    while chunk := source.file.read(max(_CHUNK_BYTES, len(rest))):
        *sections, rest = (rest + chunk).replace(b"\r\n", b"\n").split(b"\n" + _END + b"\n")
        for section in sections:
            yield section + b"\n\n"
        if len(rest) > _LARGEST_SECTION_BYTES:
            raise source.error(f"expected end_of_record within {_LARGEST_SECTION_BYTES} bytes")
    if rest.strip():
        yield _last(source, rest)


def _last(source: Source, rest: bytes) -> bytes:
    text = rest.strip()
    if text == _END or text.endswith(b"\n" + _END):
        return text.removesuffix(_END)
    if any(not line.startswith((b"TN:", b"#")) for line in text.split(b"\n")):
        raise source.error("expected end_of_record; the file is cut off")
    return b""


def _columns(block: bytes) -> tuple[list[bytes], list[bytes]]:
    """Line numbers and hits of a block of plain DA lines."""
    fields = block[3:-1].replace(b"\nDA:", b",").split(b",")
    return fields[::2], fields[1::2]


def _text(value: bytes) -> str:
    return value[:100].decode("ascii", "replace")
