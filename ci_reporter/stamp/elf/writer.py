"""Add a section that is not loaded to an ELF file of any machine; nothing that is loaded moves.

    before:  header  program headers  segments  other sections  .shstrtab  section headers
    after:   header  program headers  segments  other sections  note  .shstrtab  section headers

The names of sections and the table of section headers become longer, so they are written anew at the end. Nothing but
the header (e_shoff) and the table itself (sh_offset) says where they are. Everything before stays as it is, byte for
byte, so that offsets, addresses and alignments do too; where the two stood further in front, as Go's linker has them,
the old ones stay as unused bytes. A note that is there already is left out and written anew, so that the same stamp
gives the same bytes whatever the stamp was before.

objcopy does the same, but only for the machines that it was built for, which are not those one cross-compiles for.
Layout: System V gABI, chapter 4, "ELF Header" and "Sections".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ci_reporter.stamp.atomic import copy_range
from ci_reporter.stamp.elf.headers import Elf, content, section_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_NOTE, _ALLOC = 7, 2
_MOST_SECTIONS = 0xFF00 - 1  # SHN_LORESERVE: beyond it the number does not stand in the header
_MOST_PADDING = 1024 * 1024


def obstacle(file: BinaryIO, elf: Elf, name: bytes) -> str | None:
    """Why the section cannot be written, if it cannot."""
    if not elf.sections:
        return "it has no sections: it was packed, or stripped of them"
    names = elf.sections[elf.names]
    form = section_form(wide=elf.wide, byte_order=elf.byte_order)
    if not elf.names or names.flags & _ALLOC or elf.table_entry_size != form.size:
        return "its table of sections is unlike that of any linker known here"
    if len(elf.sections) >= _MOST_SECTIONS:
        return "it has too many sections"
    if not elf.wide and file.seek(0, 2) >= 2**31:
        return "it is too large for a 32-bit file"
    if _has_more(file, elf, name):
        return "it holds data behind its end, as AppImages and signed kernel modules do"
    return None


def write(source: BinaryIO, elf: Elf, name: bytes, section: bytes, target: BinaryIO) -> None:
    """Write the file with this section, instead of the one of that name. Raises ValueError, OSError."""
    reason = obstacle(source, elf, name)
    if reason:
        raise ValueError(reason)
    copy_range(source, 0, _end_of_others(elf, name), target)
    at = _align(target, 4)
    target.write(section)
    names_at, names = target.tell(), _names(source, elf, name)
    target.write(names)
    table_at = _align(target, 8)
    count = 0
    for fields in _table(elf, name, (at, len(section)), (names_at, names)):
        target.write(section_form(wide=elf.wide, byte_order=elf.byte_order).pack(*fields))
        count += 1
    _update_header(elf, table_at, count, target)


def _end_of_others(elf: Elf, name: bytes) -> int:
    """Where the last of all that stays ends."""
    others = [each.end for at, each in enumerate(elf.sections) if at != elf.names and each.name != name]
    return max(elf.segments_end, *others, 0)


def _has_more(file: BinaryIO, elf: Elf, name: bytes) -> bool:
    """Whether behind all that stays there is more than the names, the table, an old note, and zeros between them."""
    start = _end_of_others(elf, name)
    known = [(elf.table_at, elf.table_size)]
    known += [(each.offset, each.size) for at, each in enumerate(elf.sections) if at == elf.names or each.name == name]
    if file.seek(0, 2) - start > sum(size for _, size in known) + _MOST_PADDING:
        return True
    file.seek(start)
    rest = bytearray(file.read())
    for at, size in known:
        first, last = max(at - start, 0), max(at + size - start, 0)
        rest[first:last] = bytes(len(rest[first:last]))
    return any(rest)


def _align(target: BinaryIO, size: int) -> int:
    """Fill up to a multiple of `size`; where the file ends then."""
    target.write(b"\0" * (-target.tell() % size))
    return target.tell()


def _names(source: BinaryIO, elf: Elf, name: bytes) -> bytes:
    names = content(source, elf.sections[elf.names])
    return names if elf.section(name) else names + name + b"\0"


def _table(elf: Elf, name: bytes, note: tuple[int, int], names: tuple[int, bytes]) -> Iterator[tuple[int, ...]]:
    """The entries of the table: as they were, but for where the names are and for the note."""
    for index, each in enumerate(elf.sections):
        if index == elf.names:
            yield (*each.fields[:4], names[0], len(names[1]), *each.fields[6:])
        elif each.name == name:
            yield _note_entry(each.fields[0], *note)
        else:
            yield each.fields
    if not elf.section(name):
        yield _note_entry(elf.sections[elf.names].size, *note)


def _note_entry(name_at: int, offset: int, size: int) -> tuple[int, ...]:
    """Name, type, flags, address, offset, size, link, info, alignment, size of entries."""
    return (name_at, _NOTE, 0, 0, offset, size, 0, 0, 4, 0)


def _update_header(elf: Elf, table_at: int, count: int, target: BinaryIO) -> None:
    """Write e_shoff and e_shnum; e_shstrndx stays, since the note is the last of the table."""
    target.seek(0x28 if elf.wide else 0x20)
    target.write(struct.pack(f"{elf.byte_order}{'Q' if elf.wide else 'I'}", table_at))
    target.seek(0x3C if elf.wide else 0x30)
    target.write(struct.pack(f"{elf.byte_order}H", count))
    target.seek(0, 2)
