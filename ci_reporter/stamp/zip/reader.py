"""Read a zip archive: its central directory as it stands, and small entries of it.

Source: APPNOTE.TXT 6.3.10, sections 4.3 to 4.5. The records are kept as bytes, so that what is not ours can be written
again without a change.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from stat import S_ISLNK

from ci_reporter.errors import StampError
from ci_reporter.stamp import entryname

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

END = struct.Struct("<4s4H2IH")
WIDE_END = struct.Struct("<4sQ2H2I4Q")
LOCATOR = struct.Struct("<4sIQI")
RECORD = struct.Struct("<4s6H3I5H2I")
LOCAL = struct.Struct("<4s5H3I2H")
MAX_16, MAX_32 = 0xFFFF, 0xFFFFFFFF
LARGEST_DIRECTORY = 64 * 1024 * 1024  # of a million entries
_UTF_8, _ENCRYPTED = 0x800, 0x1
_STARTS = (b"PK\3\4", b"PK\5\6", b"#!")  # the last: a script before an archive, as zipapps and executable JARs have
_ANDROID_SIGNATURE = b"APK Sig Block 42"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file of the archive. `record`: its part of the central directory; `at`: where its local header stands."""

    name: str
    record: bytes
    at: int
    packed_size: int
    size: int

    @property
    def is_link(self) -> bool:
        """Whether it would be unpacked as a symbolic link."""
        return self.record[5] == 3 and S_ISLNK(self.external >> 16)

    @property
    def external(self) -> int:
        """The file's attributes, of the system it was packed on."""
        return int.from_bytes(self.record[38:42], "little")


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A zip file as its central directory tells it.

    `before`: bytes in front that offsets do not count. `signature`: of the whole file, where there is one.
    """

    path: str
    entries: tuple[Entry, ...]
    directory_at: int
    before: int
    comment: bytes
    wide: bool
    signature: str | None = None

    @cached_property
    def by_name(self) -> dict[str, Entry]:
        """Entries by name, the last of those that share one."""
        return {entry.name: entry for entry in self.entries}

    @cached_property
    def names(self) -> list[str]:
        """Names in the directory's order."""
        return [entry.name for entry in self.entries]

    def extents(self) -> Iterator[tuple[Entry, int]]:
        """Entries in the order they stand, each with the end of what belongs to it."""
        # The directory may list entries in any order. Nothing tells the length of a data descriptor (4.3.9) or of
        # padding behind an entry, so all bytes up to the next entry, or to the directory, belong to the entry before
        # them.
        ordered = sorted(self.entries, key=lambda entry: entry.at)
        starts = [entry.at for entry in ordered] + [self.directory_at]
        return zip(ordered, starts[1:], strict=True)

    def check_place(self, name: str) -> None:
        """Raise StampError where the file of this name would be ambiguous, or would be written through a link."""
        if self.names.count(name) > 1:
            raise StampError(f"{self.path}: has {name} more than once, and it is not clear which one counts")
        parts = name.split("/")
        for count in range(1, len(parts) + 1):
            entry = self.by_name.get("/".join(parts[:count]))
            if entry and entry.is_link:
                raise StampError(f"{self.path}: {entry.name} is a link; nothing is written through links")


def load(path: str) -> Archive | None:
    """Read the central directory; None where it is not a zip file. Raises StampError for a broken or hostile one."""
    if not os.path.isfile(path):
        return None
    try:
        status = os.stat(path)
        return _load(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    except OSError as exc:
        raise StampError(f"{path}: cannot be read: {exc.strerror or exc}") from exc


@lru_cache(maxsize=1)
def _load(path: str, identity: tuple[int, ...]) -> Archive | None:
    """Read it once for all kinds of zip files that are asked about it."""
    with open(path, "rb") as file:
        head = file.read(4)
        if not head.startswith(_STARTS):
            return None
        end_at, end = _end(file, identity[1])
        if not end:
            if head.startswith(b"#!"):
                return None
            raise StampError(f"{path}: the zip file has no end; it is cut off, or has something behind it")
        return _archive(path, file, end_at, end)


def _end(file: BinaryIO, size: int) -> tuple[int, bytes]:
    """Where the end record stands, and the record (4.3.16).

    It is looked for from the end of the file, for a comment of up to 64 KiB may follow it. The comment may itself hold
    the record's first four bytes; the record is the one whose comment ends where the file does.
    """
    start = max(0, size - END.size - MAX_16)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    while at >= 0:
        rest = tail[at:]
        if len(rest) >= END.size and len(rest) == END.size + int.from_bytes(rest[20:22], "little"):
            return start + at, rest
        at = tail.rfind(b"PK\5\6", 0, at)
    return 0, b""


def _archive(path: str, file: BinaryIO, end_at: int, end: bytes) -> Archive:
    _, disk, directory_disk, _, count, size, offset, _ = END.unpack(end[: END.size])
    wide = _wide_end(file, end_at)
    if wide:
        end_at, disk, directory_disk, count, size, offset = wide
    before = end_at - size - offset  # a script in front of the archive, which its offsets do not count
    if disk or directory_disk or before < 0 or size > LARGEST_DIRECTORY:
        raise StampError(f"{path}: the zip file's directory is not where its end says; it is cut off or damaged")
    file.seek(before + offset)
    entries = _entries(path, file.read(size), count, before)
    archive = Archive(
        path=path,
        entries=entries,
        directory_at=before + offset,
        before=before,
        comment=end[END.size :],
        wide=bool(wide),
        signature=_signature(file, before + offset),
    )
    _check_extents(archive)
    return archive


def _wide_end(file: BinaryIO, end_at: int) -> tuple[int, int, int, int, int, int] | None:
    """The zip64 end record of 56 bytes, where there is one; a locator and the end record follow (4.3.14, 4.3.15)."""
    at = end_at - LOCATOR.size - WIDE_END.size
    if at < 0:
        return None
    file.seek(at)
    found = file.read(WIDE_END.size + LOCATOR.size)
    if found[WIDE_END.size :][:4] != b"PK\6\7":
        return None
    signature, _, _, _, disk, directory_disk, _, count, size, offset = WIDE_END.unpack(found[: WIDE_END.size])
    if signature != b"PK\6\6":
        raise StampError(f"{file.name}: the zip64 end record is not before its locator; the zip file is damaged")
    return at, disk, directory_disk, count, size, offset


def _entries(path: str, directory: bytes, count: int, before: int) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    at = 0
    try:
        while at < len(directory):
            entry = _entry(directory, at, before)
            entries.append(entry)
            at += len(entry.record)
    except (struct.error, ValueError) as exc:
        raise StampError(f"{path}: entry {len(entries) + 1} of the zip file's directory is damaged: {exc}") from None
    if len(entries) != count:
        raise StampError(f"{path}: the zip file's directory has {len(entries)} entries, its end says {count}")
    return tuple(entries)


def _entry(directory: bytes, at: int, before: int) -> Entry:
    signature, _, _, flags, *_, packed, size, name_len, extra_len, comment_len, disk, _, _, offset = RECORD.unpack_from(
        directory, at
    )
    record = directory[at : at + RECORD.size + name_len + extra_len + comment_len]
    if signature != b"PK\1\2" or disk or len(record) < RECORD.size + name_len + extra_len + comment_len:
        raise ValueError("no such record")
    raw = record[RECORD.size : RECORD.size + name_len]
    name = raw.decode("utf-8" if flags & _UTF_8 else "cp437")
    entryname.check(name)
    # 4.5.3: a number that is all ones stands in the zip64 field instead, which holds just those, in this order.
    extra = dict(extras(record[RECORD.size + name_len :][:extra_len]))
    values = iter(struct.iter_unpack("<Q", (wide := extra.get(1, b""))[: len(wide) // 8 * 8]))
    size, packed, offset = (next(values, (value,))[0] if value == MAX_32 else value for value in (size, packed, offset))
    return Entry(name=name, record=record, at=before + offset, packed_size=packed, size=size)


def extras(extra: bytes) -> list[tuple[int, bytes]]:
    """The extra fields by their number; what is too short to be one is left away."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + 4 <= len(extra):
        number, length = struct.unpack_from("<2H", extra, at)
        found.append((number, extra[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def _check_extents(archive: Archive) -> None:
    """Refuse entries that share bytes."""
    for entry, end in archive.extents():
        if entry.at + LOCAL.size + entry.packed_size > end:
            raise StampError(
                f"{archive.path}: {entry.name!r:.100} reaches into what follows it; the zip file is damaged"
            )


def _signature(file: BinaryIO, directory_at: int) -> str | None:
    """Android signs all bytes of the file, and puts that in front of the directory. Source: APK Signature Scheme v2."""
    file.seek(max(0, directory_at - len(_ANDROID_SIGNATURE)))
    return "APK Signing Block" if file.read(len(_ANDROID_SIGNATURE)) == _ANDROID_SIGNATURE else None


def content(archive: Archive, name: str, most: int) -> bytes | None:
    """What a file of the archive holds; None where it has none of that name. Raises StampError beyond `most` bytes."""
    archive.check_place(name)
    entry = archive.by_name.get(name)
    if entry is None:
        return None
    if entry.size > most:
        raise StampError(f"{archive.path}: {name} has {entry.size} bytes; at most {most} are read")
    try:
        with open(archive.path, "rb") as file:
            return _unpack(file, entry, most)
    except (OSError, zlib.error, struct.error, ValueError) as exc:
        raise StampError(f"{archive.path}: {name} cannot be read: {exc}") from exc


def _unpack(file: BinaryIO, entry: Entry, most: int) -> bytes:
    file.seek(entry.at)
    signature, _, flags, method, *_, name_len, extra_len = LOCAL.unpack(file.read(LOCAL.size))
    name = file.read(name_len)
    if signature != b"PK\3\4" or name != entry.record[RECORD.size :][:name_len]:
        raise ValueError("its header is damaged")
    if flags & _ENCRYPTED or method not in (0, 8):
        raise ValueError("it is encrypted, or packed by a method other than deflate")
    file.seek(extra_len, os.SEEK_CUR)
    packed = file.read(min(entry.packed_size, most + 1024 * 1024))
    # At most one byte more than expected: a zip bomb is not unpacked to find out that it is one.
    found = zlib.decompressobj(-15).decompress(packed, most + 1) if method else packed
    if len(found) != entry.size or zlib.crc32(found) != int.from_bytes(entry.record[16:20], "little"):
        raise ValueError("its content does not match its checksum")
    return found
