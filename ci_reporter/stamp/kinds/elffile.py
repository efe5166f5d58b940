"""Enough of ELF to find a section, and to know what a changed file must not lose.

Layout: System V gABI, chapters 4 and 5, https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

MAGIC = b"\x7fELF"
RELOCATABLE, EXECUTABLE, SHARED = 1, 2, 3
_NO_BITS = 8
_MOST_TABLE = 16 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Section:
    """A named range of the file."""

    name: bytes
    type: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """Where it ends in the file; one without bits takes no room there."""
        return self.offset + (0 if self.type == _NO_BITS else self.size)


@dataclass(frozen=True, kw_only=True)
class Elf:
    """What the headers say. `loaded` is what the system maps: type, flags, address, size in memory."""

    type: int
    byte_order: str
    entry: int
    machine: int
    loaded: tuple[tuple[int, ...], ...]
    sections: tuple[Section, ...]
    end: int

    def section(self, name: bytes) -> Section | None:
        """The first section of this name."""
        return next((each for each in self.sections if each.name == name), None)


def parse(file: BinaryIO) -> Elf:
    """Read the headers. Raises ValueError with what is wrong."""
    file.seek(0)
    start = file.read(64)
    if len(start) < 52 or start[:4] != MAGIC or start[4] not in (1, 2) or start[5] not in (1, 2):
        raise ValueError("is no whole ELF file")
    wide, order = start[4] == 2, "<" if start[5] == 1 else ">"
    address = "Q" if wide else "I"
    head = struct.Struct(f"{order}HHI{address * 3}IHHHHHH")
    if len(start) < 16 + head.size:
        raise ValueError("is no whole ELF file")
    kind, machine, _, entry, ph_at, sh_at, _, head_size, ph_size, ph_count, sh_size, sh_count, names = head.unpack_from(
        start, 16
    )
    programs = _table(file, ph_at, ph_size, ph_count, f"{order}{'IIQQQQQQ' if wide else 'IIIIIIII'}")
    raw = _table(file, sh_at, sh_size, sh_count, f"{order}{'IIQQQQIIQQ' if wide else 'IIIIIIIIII'}")
    sections = _sections(file, raw, names)
    segments = [_segment(each, wide=wide) for each in programs]
    tables = (head_size, ph_at + ph_size * ph_count, sh_at + sh_size * sh_count)
    return Elf(
        type=kind,
        byte_order=order,
        entry=entry,
        machine=machine,
        loaded=tuple(sorted((type_, flags, at, memory) for type_, flags, _, at, _, memory in segments)),
        sections=sections,
        end=max(*tables, *(each.end for each in sections), *(offset + size for _, _, offset, _, size, _ in segments)),
    )


def _segment(raw: tuple[Any, ...], *, wide: bool) -> tuple[int, ...]:
    """Type, flags, offset, address, size in the file, size in memory; the flags stand elsewhere in 32 bits."""
    if wide:
        return raw[0], raw[1], raw[2], raw[3], raw[5], raw[6]
    return raw[0], raw[6], raw[1], raw[2], raw[4], raw[5]


def _sections(file: BinaryIO, raw: list[tuple[Any, ...]], names: int) -> tuple[Section, ...]:
    if not raw:
        return ()
    if names >= len(raw):
        raise ValueError("has sections without names")
    texts = _at(file, raw[names][4], raw[names][5])
    return tuple(
        Section(name=texts[each[0] : texts.find(b"\0", each[0])], type=each[1], offset=each[4], size=each[5])
        for each in raw
    )


def _table(file: BinaryIO, offset: int, size: int, count: int, form: str) -> list[tuple[Any, ...]]:
    if not count:
        return []
    entry = struct.Struct(form)
    if size < entry.size:
        raise ValueError("has a table of entries that are too short")
    content = _at(file, offset, size * count)
    return [entry.unpack_from(content, size * index) for index in range(count)]


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    """Bytes of the file. Raises ValueError where they are not all there, or too many for a table."""
    if size > _MOST_TABLE or offset > os.fstat(file.fileno()).st_size:
        raise ValueError("has a table that points out of it")
    file.seek(offset)
    content = file.read(size)
    if len(content) < size:
        raise ValueError("is cut off")
    return content


def content(file: BinaryIO, section: Section) -> bytes:
    """The bytes of a section. Raises ValueError."""
    return _at(file, section.offset, section.size)
