"""gzip: the bytes become the first deflate blocks of the first member, stored as they are.

A member is a header, deflate blocks, and the CRC-32 and length of all that it holds (RFC 1952, 2.2 and 2.3). Deflate
blocks refer backwards only, and a stored one may stand before any other (RFC 1951, 3.2.4).
"""

from __future__ import annotations

import struct
import zlib

from ci_reporter.stamp.atomic import copy_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_CHUNK = 256 * 1024
_LONGEST_STORED = 0xFFFF
_TRAILER = 8


def begins_with(source: BinaryIO, block: bytes) -> bool:
    """Whether the first member begins with these bytes, stored."""
    source.seek(_header_size(source))
    wanted = _stored_blocks(block)
    return source.read(len(wanted)) == wanted


def put_first(source: BinaryIO, old: bytes, new: bytes, target: BinaryIO) -> None:
    """Write the header, `new`, the other deflate blocks, and the checksum of both together."""
    end = source.seek(0, 2)
    header = _header_size(source)
    rest = header + len(_stored_blocks(old))
    rest_end, crc, size = _inflate(source, rest, zlib.crc32(new))
    copy_range(source, 0, header, target)
    target.write(_stored_blocks(new))
    copy_range(source, rest, rest_end, target)
    target.write(struct.pack("<II", crc, (len(new) + size) & 0xFFFFFFFF))
    copy_range(source, rest_end + _TRAILER, end, target)


def _stored_blocks(block: bytes) -> bytes:
    """Deflate blocks that are not the last: a byte of flags, the length, its complement, the bytes."""
    parts = [block[at : at + _LONGEST_STORED] for at in range(0, len(block), _LONGEST_STORED)]
    return b"".join(struct.pack("<BHH", 0, len(part), len(part) ^ 0xFFFF) + part for part in parts)


def _inflate(source: BinaryIO, start: int, crc: int) -> tuple[int, int, int]:
    """Where the deflate stream that starts there ends, the checksum so far with its content's, and that one's size."""
    inflate, size = zlib.decompressobj(-15), 0
    source.seek(start)
    while not inflate.eof:
        chunk = inflate.unconsumed_tail or source.read(_CHUNK)
        if not chunk:
            raise EOFError("the compressed data has no end")
        out = inflate.decompress(chunk, 4 * _CHUNK)
        crc, size = zlib.crc32(out, crc), size + len(out)
    return source.tell() - len(inflate.unused_data), crc, size


def _header_size(source: BinaryIO) -> int:
    """RFC 1952, 2.3: ten bytes, then what the flags announce: extra fields, a name, a comment, a CRC-16."""
    source.seek(0)
    head = source.read(64 * 1024)
    flags, at = head[3], 10
    if flags & 4:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    for flag in (8, 16):
        if flags & flag:
            at = head.find(b"\0", at) + 1 or len(head)
    return at + (2 if flags & 2 else 0)
