"""Zstandard: the bytes become the first blocks of the first frame, stored as they are.

A frame is a header, blocks, and where the header says so the lowest 32 bits of the content's XXH64. Blocks refer
backwards only, and what they share (tables, recent offsets) a stored block leaves alone, so that any block may follow
it. The header's content size changes where it has one. Source: RFC 8878, 3.1.1.

Python has no XXH64. `zstd` computes it when it packs: the new frame is unpacked and packed again, at the fastest level,
for the last four bytes alone. The blocks that were there are copied as they are.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ci_reporter.stamp.atomic import copy_range
from ci_reporter.stamp.tar import zstandard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

MAGIC = b"\x28\xb5\x2f\xfd"
_LARGEST_BLOCK = 128 * 1024
_LONGEST_HEADER = 18
_CHECKSUM = 4  # the flag, and by chance the size
_SEEK_TABLE_MAGIC = b"\xb1\xea\x92\x8f"
_WIDE_SIZE = 3 << 6
_RAW, _RUN = 0, 1


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """The header of the first frame. `flags`: its descriptor; `window`: how much of the content a reader keeps."""

    flags: int
    window_byte: bytes
    dictionary: bytes
    size: int | None
    length: int

    @property
    def has_checksum(self) -> bool:
        """Whether a checksum follows the last block."""
        return bool(self.flags & _CHECKSUM)

    @property
    def largest_block(self) -> int:
        """How much a block may hold: never more than the window (3.1.1.2.4)."""
        if not self.window_byte:
            return _LARGEST_BLOCK
        exponent, mantissa = self.window_byte[0] >> 3, self.window_byte[0] & 7
        base = 1 << 10 + exponent
        return min(base + base // 8 * mantissa, _LARGEST_BLOCK)

    def header(self, growth: int) -> bytes:
        """The header of a frame that holds so many more bytes, as yet without a checksum."""
        flags = self.flags & ~_CHECKSUM
        if self.size is None:
            return MAGIC + bytes([flags]) + self.window_byte + self.dictionary
        size = struct.pack("<Q", self.size + growth)
        return MAGIC + bytes([flags & 0x3F | _WIDE_SIZE]) + self.window_byte + self.dictionary + size


def begins_with(source: BinaryIO, block: bytes) -> bool:
    """Whether the first frame begins with these bytes, stored."""
    frame = _first_frame(source)
    wanted = _stored_blocks(block, frame.largest_block)
    source.seek(frame.length)
    return source.read(len(wanted)) == wanted


def put_first(source: BinaryIO, old: bytes, new: bytes, target: BinaryIO) -> None:
    """Write the header, `new`, the other blocks, and the checksum of both together."""
    _refuse_seek_table(source)
    frame = _first_frame(source)
    start = frame.length + len(_stored_blocks(old, frame.largest_block))
    blocks_end = _blocks_end(source, start)
    target.write(frame.header(len(new) - len(old)) + _stored_blocks(new, frame.largest_block))
    copy_range(source, start, blocks_end, target)
    if frame.has_checksum:
        _append_checksum(target)
    copy_range(source, blocks_end + (_CHECKSUM if frame.has_checksum else 0), source.seek(0, 2), target)


def _append_checksum(target: BinaryIO) -> None:
    """Give the frame, which is all that the file holds so far, the checksum of what it holds."""
    target.flush()
    checksum = zstandard.checksum(target.name)
    target.seek(len(MAGIC))
    with open(target.name, "rb") as written:
        written.seek(len(MAGIC))
        flags = written.read(1)[0]
    target.write(bytes([flags | _CHECKSUM]))
    target.seek(0, 2)
    target.write(checksum)


def _refuse_seek_table(source: BinaryIO) -> None:
    """The seekable format ends in a list of its frames' sizes, which would be wrong.

    Source: zstd_seekable_compression_format.md.
    """
    source.seek(-len(_SEEK_TABLE_MAGIC), 2)
    if source.read() == _SEEK_TABLE_MAGIC:
        raise ValueError(
            "it ends in a seek table, which would no longer be right; stamp the tar file before it is packed"
        )


def _stored_blocks(block: bytes, most: int) -> bytes:
    """Raw blocks that are not the last: three bytes with type and size, then the bytes (3.1.1.2)."""
    parts = [block[at : at + most] for at in range(0, len(block), most)]
    return b"".join((len(part) << 3 | _RAW << 1).to_bytes(3, "little") + part for part in parts)


def _first_frame(source: BinaryIO) -> _Frame:
    """Read the header: which fields it has, and how long they are, is in its descriptor (3.1.1.1)."""
    source.seek(0)
    head = source.read(_LONGEST_HEADER).ljust(_LONGEST_HEADER, b"\0")
    if head[:4] != MAGIC:
        raise ValueError("it does not begin with a frame")
    flags, at = head[4], 5
    single = bool(flags & 0x20)
    window_byte = b"" if single else head[at : at + 1]
    at += len(window_byte)
    dictionary = head[at : at + (0, 1, 2, 4)[flags & 3]]
    at += len(dictionary)
    width = (1 if single else 0, 2, 4, 8)[flags >> 6]
    size = int.from_bytes(head[at : at + width], "little") + (256 if width == 2 else 0) if width else None
    return _Frame(flags=flags, window_byte=window_byte, dictionary=dictionary, size=size, length=at + width)


def _blocks_end(source: BinaryIO, at: int) -> int:
    """Pass over blocks as far as the last one; a run takes one byte, whatever its size."""
    end, last = source.seek(0, 2), False
    while not last:
        source.seek(at)
        head = int.from_bytes(source.read(3).ljust(3, b"\0"), "little")
        last, kind = bool(head & 1), head >> 1 & 3
        at += 3 + (1 if kind == _RUN else head >> 3)
        if at > end:
            raise EOFError("its last block is cut off")
    return at
