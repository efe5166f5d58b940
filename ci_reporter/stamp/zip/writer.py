"""Write files into a zip archive; every other entry's bytes are copied as they are, packed.

    before:  [script]  a  b  c                 directory(a b c)        end
    after:   [script]  a  b' c  build-info     directory(a b' c info)  end

A file that is there is exchanged in its place, a new one comes last. What follows an exchanged file moves, so that its
offset in the directory changes; local headers hold no offsets. Source: APPNOTE.TXT 6.3.10, 4.3.6 to 4.3.16.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from ci_reporter.errors import StampError
from ci_reporter.model import seconds_of
from ci_reporter.stamp.atomic import copy_range, replacement
from ci_reporter.stamp.zip.reader import END, LOCAL, LOCATOR, MAX_16, MAX_32, RECORD, WIDE_END, Archive, content, extras

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_UNIX = 3 << 8 | 20
_PLAIN_FILE = 0o100644 << 16
_EARLIEST, _LATEST = 315532800, 4354819198  # 1980 to 2107: what two bytes of date can say
_WIDE = 45  # the version that knows zip64


def update(archive: Archive, files: Mapping[str, bytes], build_time: str | None) -> bool:
    """Let the archive hold these files: in the place of their namesakes, else at its end; False when it does already.

    They are stored, not packed, so that every machine writes the same bytes. Raises StampError.
    """
    changed = differs(archive, files)
    if not changed:
        return False
    if archive.signature:
        raise StampError(f"{archive.path}: is signed ({archive.signature}); stamp it before it is signed")
    with replacement(archive.path) as target, open(archive.path, "rb") as source:
        records = _write_entries(archive, changed, _dos_time(build_time), source, target)
        _write_directory(archive, records, target)
    return True


def differs(archive: Archive, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those of the files that the archive does not hold with this content. Raises StampError."""
    return {name: data for name, data in files.items() if not _holds(archive, name, data)}


def _holds(archive: Archive, name: str, data: bytes) -> bool:
    archive.check_place(name)
    entry = archive.by_name.get(name)
    return entry is not None and entry.size == len(data) and content(archive, name, len(data)) == data


@dataclass(frozen=True, kw_only=True)
class _NewEntry:
    """A file to store: its local header and its record, but for where it will stand."""

    name: str
    data: bytes
    made: int = _UNIX
    when: bytes
    external: int = _PLAIN_FILE

    def local(self) -> bytes:
        """What stands before its content."""
        crc, size, raw = zlib.crc32(self.data), len(self.data), self.name.encode()
        when = struct.unpack("<2H", self.when)
        return LOCAL.pack(b"PK\3\4", 20, self._flags, 0, *when, crc, size, size, len(raw), 0) + raw

    def record(self, offset: int) -> bytes:
        """Its part of the central directory."""
        crc, size, raw = zlib.crc32(self.data), len(self.data), self.name.encode()
        when = struct.unpack("<2H", self.when)
        fixed = (
            b"PK\1\2",
            self.made,
            20,
            self._flags,
            0,
            *when,
            crc,
            size,
            size,
            len(raw),
            0,
            0,
            0,
            0,
            self.external,
            0,
        )
        return relocate(RECORD.pack(*fixed) + raw, offset)

    @property
    def _flags(self) -> int:
        return 0 if self.name.isascii() else 0x800


def _write_entries(
    archive: Archive, files: Mapping[str, bytes], when: bytes, source: BinaryIO, target: BinaryIO
) -> list[bytes]:
    """Copy and write all entries; the records of the new central directory, in the order of the old one."""
    records: dict[int, bytes] = {}
    # `copied` is how far the old file is copied, `shift` how far what follows has moved. Worked example: a(0-100)
    # b(100-300) c(300-400), and b' has 250 bytes: a is copied, b' is written at 100, then copied = 300 and shift = +50,
    # and c's record says 350.
    shift = copied = 0
    for entry, end in archive.extents():
        data = files.get(entry.name)
        if data is None:
            records[id(entry)] = relocate(entry.record, entry.at + shift - archive.before)
            continue
        copy_range(source, copied, entry.at, target)
        made = int.from_bytes(entry.record[4:6], "little")
        stored = _NewEntry(name=entry.name, data=data, made=made, when=when, external=entry.external)
        records[id(entry)] = stored.record(target.tell() - archive.before)
        target.write(stored.local() + data)
        copied, shift = end, target.tell() - end
    copy_range(source, copied, archive.directory_at, target)
    kept = [records[id(entry)] for entry in archive.entries]
    added = [_NewEntry(name=name, data=data, when=when) for name, data in files.items() if name not in archive.by_name]
    return kept + [_append(stored, archive, target) for stored in added]


def _append(stored: _NewEntry, archive: Archive, target: BinaryIO) -> bytes:
    record = stored.record(target.tell() - archive.before)
    target.write(stored.local() + stored.data)
    return record


def _write_directory(archive: Archive, records: list[bytes], target: BinaryIO) -> None:
    directory = b"".join(records)
    end_at = target.tell() + len(directory)
    count, size, offset = len(records), len(directory), target.tell() - archive.before
    target.write(directory)
    # 4.4.1.4: a number too large for the end record is all ones there and stands in the zip64 record before it. 44 is
    # the length of that record behind its own length field: 56 - 12.
    if archive.wide or count >= MAX_16 or size >= MAX_32 or offset >= MAX_32:
        target.write(WIDE_END.pack(b"PK\6\6", 44, _WIDE, _WIDE, 0, 0, count, count, size, offset))
        target.write(LOCATOR.pack(b"PK\6\7", 0, end_at - archive.before, 1))
    shown = (min(count, MAX_16), min(count, MAX_16), min(size, MAX_32), min(offset, MAX_32))
    target.write(END.pack(b"PK\5\6", 0, 0, *shown, len(archive.comment)) + archive.comment)


def relocate(record: bytes, offset: int) -> bytes:
    """The record of an entry that stands at `offset` now.

    Beyond 4 GiB the offset moves into the zip64 field (4.5.3), behind the sizes where those are in it too.
    """
    fields = list(RECORD.unpack_from(record))
    if fields[16] != MAX_32 and offset < MAX_32:
        # The offset is the last number of the fixed part, bytes 42 to 46; every other byte stays as it is.
        return record[:42] + struct.pack("<I", offset) + record[46:]
    name_end = RECORD.size + fields[10]
    extra = record[name_end : name_end + fields[11]]
    # The zip64 field holds only what is all ones in the record, in this order: size, packed size, offset (4.5.3).
    before = sum(8 for value in fields[8:10] if value == MAX_32)
    wide = dict(extras(extra)).get(1, b"")[:before] + struct.pack("<Q", offset)
    others = [(number, data) for number, data in extras(extra) if number != 1]
    extra = b"".join(struct.pack("<2H", number, len(data)) + data for number, data in [(1, wide), *others])
    comment = record[len(record) - fields[12] :]
    fields[2], fields[11], fields[16] = max(fields[2], _WIDE), len(extra), MAX_32
    return RECORD.pack(*fields) + record[RECORD.size : name_end] + extra + comment


def _dos_time(build_time: str | None) -> bytes:
    """The build's time as MS-DOS keeps it; 1980 where it is unknown."""
    epoch_s = min(max(int(seconds_of(build_time) or 0), _EARLIEST), _LATEST)
    year, month, day, hour, minute, second, *_ = time.gmtime(epoch_s)
    # MS-DOS: 5 bits hour, 6 minute, 5 two seconds; 7 bits year since 1980, 4 month, 5 day (4.4.6).
    return struct.pack("<2H", hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day)
