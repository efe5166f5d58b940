"""Enough of ELF to find a section, and to know what a changed file must not lose. Every machine, either byte order.

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
    """A named range of the file. `fields`: its entry in the table, from sh_name to sh_entsize."""

    name: bytes
    fields: tuple[int, ...]

    @property
    def type(self) -> int:
        """SHT_PROGBITS and its like."""
        return self.fields[1]

    @property
    def flags(self) -> int:
        """SHF_ALLOC and its like."""
        return self.fields[2]

    @property
    def offset(self) -> int:
        """Where it begins in the file."""
        return self.fields[4]

    @property
    def size(self) -> int:
        """How long it is."""
        return self.fields[5]

    @property
    def end(self) -> int:
        """Where it ends in the file; one without bits is not in it, whatever its offset says."""
        return 0 if self.type == _NO_BITS else self.offset + self.size


@dataclass(frozen=True, kw_only=True)
class Elf:
    """What the headers say.

    `loaded` is what the system maps: type, flags, address, size in memory. `names`: the index of the section that holds
    the sections' names. `segments_end`: the end of what is not in a section: the header, the program headers, what
    they load.
    """

    wide: bool
    type: int
    byte_order: str
    entry: int
    machine: int
    loaded: tuple[tuple[int, ...], ...]
    sections: tuple[Section, ...]
    names: int
    table_at: int
    table_entry_size: int
    segments_end: int

    def section(self, name: bytes) -> Section | None:
        """The first section of this name."""
        return next((each for each in self.sections if each.name == name), None)

    @property
    def table_size(self) -> int:
        """The bytes that the table of sections takes."""
        return self.table_entry_size * len(self.sections)


def section_form(*, wide: bool, byte_order: str) -> struct.Struct:
    """An entry of the table of sections: Elf64_Shdr or Elf32_Shdr."""
    return struct.Struct(f"{byte_order}{'IIQQQQIIQQ' if wide else 'IIIIIIIIII'}")


def parse(file: BinaryIO) -> Elf:
    """Read the headers. Raises ValueError with what is wrong."""
    file.seek(0)
    start = file.read(64)
    if len(start) < 52 or start[:4] != MAGIC or start[4] not in (1, 2) or start[5] not in (1, 2):
        raise ValueError("is not a whole ELF file")
    wide, order = start[4] == 2, "<" if start[5] == 1 else ">"
    address = "Q" if wide else "I"
    head = struct.Struct(f"{order}HHI{address * 3}IHHHHHH")
    if len(start) < 16 + head.size:
        raise ValueError("is not a whole ELF file")
    kind, machine, _, entry, ph_at, sh_at, _, head_size, ph_size, ph_count, sh_size, sh_count, names = head.unpack_from(
        start, 16
    )
    programs = _table(file, ph_at, ph_size, ph_count, f"{order}{'IIQQQQQQ' if wide else 'IIIIIIII'}")
    raw = _table(file, sh_at, sh_size, sh_count, section_form(wide=wide, byte_order=order).format)
    segments = [_segment(each, wide=wide) for each in programs]
    return Elf(
        wide=wide,
        type=kind,
        byte_order=order,
        entry=entry,
        machine=machine,
        loaded=tuple(sorted((type_, flags, at, memory) for type_, flags, _, at, _, memory in segments)),
        sections=_sections(file, raw, names),
        names=names,
        table_at=sh_at,
        table_entry_size=sh_size,
        segments_end=max(head_size, ph_at + ph_size * ph_count, *(each[2] + each[4] for each in segments), 0),
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
    return tuple(Section(name=texts[each[0] : texts.find(b"\0", each[0])], fields=each) for each in raw)


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
