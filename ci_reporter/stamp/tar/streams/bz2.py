"""bzip2: the bytes become the first blocks of the first stream; what follows moves by some bits.

A stream is `BZh` and a digit, blocks, and a trailer. It is a stream of *bits*: each block begins with the 48 bits
0x314159265359 and its CRC-32, the trailer with 0x177245385090 and a checksum of all blocks, and none of them is aligned
to a byte. The checksum is, block after block, `rotl(checksum, 1) ^ crc`. For two groups of blocks in a row it is
therefore `rotl(first, blocks in second) ^ second`: the other blocks need not be unpacked, only counted.

The format has no list of blocks. As bzip2recover does, we find them by their 48 bits, which appear by chance once in
2^48 places of other data; the checksum in the trailer tells whether the blocks that were found are all there are.
Source: bzip2 1.0.8, compress.c `BZ2_compressBlock` and bzip2recover.c.
"""

from __future__ import annotations

import bz2
import io
from collections.abc import Iterator
from dataclasses import dataclass

from ci_reporter.stamp.atomic import copy_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_BLOCK, _TRAILER = 0x314159265359, 0x177245385090
_MARK_BITS, _CRC_BITS = 48, 32
_HEADER_BITS = 32
_MASK = 0xFFFFFFFF
_CHUNK = 1024 * 1024
_REACH = 8  # bytes beyond a chunk's end that a mark which begins in it may need


@dataclass(frozen=True, kw_only=True)
class _Blocks:
    """Blocks in a row: how many, and the checksum they have together."""

    count: int = 0
    checksum: int = 0

    def before(self, others: _Blocks) -> _Blocks:
        """These and then the others."""
        checksum = _rotl(self.checksum, others.count) ^ others.checksum
        return _Blocks(count=self.count + others.count, checksum=checksum)


@dataclass(frozen=True, kw_only=True)
class _Packed:
    """Blocks as bits: the lowest `length` bits of a number."""

    bits: int = 0
    length: int = 0
    blocks: _Blocks = _Blocks()


def begins_with(source: BinaryIO, block: bytes) -> bool:
    """Whether the first blocks are those that these bytes make."""
    wanted = _pack(block)
    if _bits(source, _HEADER_BITS, wanted.length) != wanted.bits:
        return False
    return _bits(source, _HEADER_BITS + wanted.length, _MARK_BITS) in (_BLOCK, _TRAILER)


def put_first(source: BinaryIO, old: bytes, new: bytes, target: BinaryIO) -> None:
    """Write the header, the blocks of `new`, the other blocks, and the checksum of them all."""
    skipped, ours = _pack(old), _pack(new)
    start = _HEADER_BITS + skipped.length
    trailer_at, rest = _survey(source, start, skipped.blocks)
    copy_range(source, 0, _HEADER_BITS // 8, target)
    out = _Writer(target=target)
    out.write(ours.bits, ours.length)
    _copy_bits(source, start, trailer_at, out)
    out.write(_TRAILER << _CRC_BITS | ours.blocks.before(rest).checksum, _MARK_BITS + _CRC_BITS)
    out.close()
    stream_end = (trailer_at + _MARK_BITS + _CRC_BITS + 7) // 8
    copy_range(source, stream_end, source.seek(0, 2), target)


def _pack(content: bytes) -> _Packed:
    """The bytes as blocks of at most 100 kB, which a stream of any block size may hold."""
    if not content:
        return _Packed()
    raw = bz2.compress(content, 1)
    trailer_at, blocks = _survey(io.BytesIO(raw), _HEADER_BITS, _Blocks())
    length = trailer_at - _HEADER_BITS
    return _Packed(bits=_bits(io.BytesIO(raw), _HEADER_BITS, length), length=length, blocks=blocks)


def _survey(source: BinaryIO, start: int, skipped: _Blocks) -> tuple[int, _Blocks]:
    """Where the trailer begins, and the blocks before it; `skipped` are those before `start`."""
    blocks = _Blocks()
    for at, mark in _marks(source, start):
        checksum = _bits(source, at + _MARK_BITS, _CRC_BITS)
        if mark == _BLOCK:
            blocks = blocks.before(_Blocks(count=1, checksum=checksum))
        elif skipped.before(blocks).checksum == checksum:
            return at, blocks
        else:
            raise ValueError("its blocks are not those that its checksum was made of")
    raise EOFError("it has no end")


def _marks(source: BinaryIO, start: int) -> Iterator[tuple[int, int]]:
    """Where each block and each trailer begins, in bits, and its mark."""
    at = start // 8
    while True:
        source.seek(at)
        chunk = source.read(_CHUNK + _REACH)
        found = sorted((8 * at + bit, mark) for bit, mark in _marks_in(chunk) if bit < 8 * _CHUNK)
        yield from (each for each in found if each[0] >= start)
        if len(chunk) <= _CHUNK:
            return
        at += _CHUNK


def _marks_in(chunk: bytes) -> Iterator[tuple[int, int]]:
    """Look for the five bytes that the 48 bits of a mark cover whole, then compare the rest of it.

    A mark three bits into a byte: `...mmmmm mmmmmmmm mmmmmmmm mmmmmmmm mmmmmmmm mmmmmmmm mmm.....`
    """
    for mark in (_BLOCK, _TRAILER):
        for shift in range(8):
            wanted = (mark << 8 - shift).to_bytes(7, "big")[1:6]
            at = chunk.find(wanted, 1)
            while at > 0:
                around = int.from_bytes(chunk[at - 1 : at + 6].ljust(7, b"\0"), "big")
                if around >> 8 - shift & (1 << _MARK_BITS) - 1 == mark:
                    yield 8 * (at - 1) + shift, mark
                at = chunk.find(wanted, at + 1)


def _bits(source: BinaryIO, start: int, count: int) -> int:
    """So many bits as a number; those behind the end of the file are 0."""
    first, last = start // 8, (start + count + 7) // 8
    source.seek(first)
    raw = source.read(last - first).ljust(last - first, b"\0")
    return int.from_bytes(raw, "big") >> (8 * last - start - count) & (1 << count) - 1


def _copy_bits(source: BinaryIO, start: int, end: int, out: _Writer) -> None:
    while start < end:
        count = min(8 * _CHUNK, end - start)
        out.write(_bits(source, start, count), count)
        start += count


@dataclass(kw_only=True)
class _Writer:
    """Writes bits; `kept` are the last ones, fewer than eight, which make no byte yet."""

    target: BinaryIO
    kept: int = 0
    count: int = 0

    def write(self, bits: int, count: int) -> None:
        bits |= self.kept << count
        count += self.count
        self.count = count % 8
        self.kept = bits & (1 << self.count) - 1
        self.target.write((bits >> self.count).to_bytes(count // 8, "big"))

    def close(self) -> None:
        """Fill up the last byte with zeros."""
        self.write(0, -self.count % 8)


def _rotl(value: int, count: int) -> int:
    count %= 32
    return (value << count | value >> 32 - count) & _MASK
