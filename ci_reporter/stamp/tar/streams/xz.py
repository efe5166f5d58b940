"""xz: the bytes become the first block of the first stream, which has an index of its blocks at its end.

A stream is a header of 12 bytes, blocks, the index and a footer of 12 bytes; blocks do not know of each other, so that
one more changes only the index and the footer's size of it. Source: "The .xz File Format" 1.2.1, sections 2 to 4; the
chunks of LZMA2 as in XZ Embedded's xz_dec_lzma2.c.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from ci_reporter.stamp.atomic import copy_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    Record = tuple[int, int]  # a block's size without padding, and the size of what it holds

_HEADER = _FOOTER = 12
_FOOTER_MAGIC = b"YZ"
_LARGEST_INDEX = 64 * 1024**2
_LARGEST_CHUNK = 64 * 1024
_LZMA2, _DICTIONARY_OF_64_KIB = 0x21, 8
_CRC64_POLYNOMIAL = 0xC96C5795D7870F42  # ECMA-182, reflected


@dataclass(frozen=True, kw_only=True)
class _Stream:
    """The first stream of a file. `flags`: the two bytes that name the kind of checksum its blocks end in."""

    flags: bytes
    records: Sequence[Record]
    index_at: int
    end: int


def begins_with(source: BinaryIO, block: bytes) -> bool:
    """Whether the first block is the one that these bytes make."""
    stream = _first_stream(source)
    wanted, record = _block(block, stream.flags)
    source.seek(_HEADER)
    return tuple(stream.records[:1]) == (record,) and source.read(len(wanted)) == wanted


def put_first(source: BinaryIO, old: bytes, new: bytes, target: BinaryIO) -> None:
    """Write the header, the block of `new`, the other blocks, and an index of them all."""
    stream = _first_stream(source)
    skipped = _block(old, stream.flags)[0] if old else b""
    block, record = _block(new, stream.flags)
    copy_range(source, 0, _HEADER, target)
    target.write(block)
    copy_range(source, _HEADER + len(skipped), stream.index_at, target)
    index = _index([record, *stream.records[1 if old else 0 :]])
    target.write(index + _footer(len(index), stream.flags))
    copy_range(source, stream.end, source.seek(0, 2), target)


def _block(content: bytes, flags: bytes) -> tuple[bytes, Record]:
    """A block that holds these bytes as they are, and its record for the index.

    Nothing is compressed, so that every version of every library makes the same bytes.
    """
    header = bytes([2, 0, _LZMA2, 1, _DICTIONARY_OF_64_KIB, 0, 0, 0])  # 2: a header of (2 + 1) * 4 bytes with its CRC
    header += struct.pack("<I", zlib.crc32(header))
    chunks = [content[at : at + _LARGEST_CHUNK] for at in range(0, len(content), _LARGEST_CHUNK)]
    # 1: not compressed, and the dictionary begins here; 2: not compressed. The size is one less than the chunk's.
    data = b"".join(struct.pack(">BH", 2 if at else 1, len(chunk) - 1) + chunk for at, chunk in enumerate(chunks))
    data += b"\0"
    padding = b"\0" * (-(len(header) + len(data)) % 4)
    check = _check(content, flags)
    return header + data + padding + check, (len(header) + len(data) + len(check), len(content))


def _check(content: bytes, flags: bytes) -> bytes:
    if flags[1] not in _CHECKS:
        raise ValueError(f"it has checksums of the unknown kind {flags[1]}")
    return _CHECKS[flags[1]](content)


def _crc64(content: bytes) -> bytes:
    crc = 0xFFFFFFFFFFFFFFFF
    table = _crc64_table()
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return struct.pack("<Q", crc ^ 0xFFFFFFFFFFFFFFFF)


@cache
def _crc64_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_CRC64_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return table


_CHECKS: Mapping[int, Callable[[bytes], bytes]] = {
    0: lambda _: b"",
    1: lambda content: struct.pack("<I", zlib.crc32(content)),
    4: _crc64,
    10: lambda content: hashlib.sha256(content).digest(),
}


def _first_stream(source: BinaryIO) -> _Stream:
    """Only a footer says how long its stream is, so all streams are passed over from the end of the file."""
    end = source.seek(0, 2)
    while True:
        stream = _stream_before(source, _without_padding(source, end))
        start = stream.index_at - sum(size + -size % 4 for size, _ in stream.records) - _HEADER
        if start == 0:
            return stream
        if start < 0:
            raise ValueError("its index names more than there is")
        end = start


def _without_padding(source: BinaryIO, end: int) -> int:
    """Between streams there may be zeros, four at a time."""
    while end >= 4:
        source.seek(end - 4)
        if source.read(4) != b"\0\0\0\0":
            break
        end -= 4
    return end


def _stream_before(source: BinaryIO, end: int) -> _Stream:
    source.seek(max(end - _FOOTER, 0))
    footer = source.read(_FOOTER)
    if len(footer) < _FOOTER or footer[10:] != _FOOTER_MAGIC or zlib.crc32(footer[4:10]) != _number(footer[:4]):
        raise ValueError("it does not end in a footer of xz")
    size = (_number(footer[4:8]) + 1) * 4
    index_at = end - _FOOTER - size
    if size > _LARGEST_INDEX or index_at < _HEADER:
        raise ValueError("its index cannot be where its footer says")
    source.seek(index_at)
    return _Stream(flags=footer[8:10], records=_records(source.read(size)), index_at=index_at, end=end)


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _records(index: bytes) -> list[Record]:
    if index[0] or zlib.crc32(index[:-4]) != _number(index[-4:]):
        raise ValueError("its index is damaged")
    count, at = _decode(index, 1)
    records = []
    for _ in range(count):
        unpadded, at = _decode(index, at)
        size, at = _decode(index, at)
        records.append((unpadded, size))
    return records


def _index(records: Sequence[Record]) -> bytes:
    numbers = [len(records), *(number for record in records for number in record)]
    index = b"\0" + b"".join(map(_encode, numbers))
    index += b"\0" * (-len(index) % 4)
    return index + struct.pack("<I", zlib.crc32(index))


def _footer(index_size: int, flags: bytes) -> bytes:
    fields = struct.pack("<I", index_size // 4 - 1) + flags
    return struct.pack("<I", zlib.crc32(fields)) + fields + _FOOTER_MAGIC


def _decode(raw: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and where it ends (section 1.2)."""
    value = shift = 0
    while raw[at] & 0x80:
        value |= (raw[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | raw[at] << shift, at + 1


def _encode(value: int) -> bytes:
    raw = bytearray()
    while value >= 0x80:
        raw.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*raw, value])
