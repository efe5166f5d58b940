"""How tar files are packed: unpack one as a stream, and put bytes before its content without packing that again.

All but gzip allow a second stream before the first. Of gzip files many readers take the first alone, so there the bytes
become the first blocks of the stream itself, which deflate lets stand unpacked: RFC 1951 3.2.4, RFC 1952 2.3.
Zstandard's frame: RFC 8878 3.1.1.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ci_reporter.buildinfo import FILE_NAME
from ci_reporter.errors import StampError
from ci_reporter.stamp.atomic import copy_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MAGIC: Mapping[str, bytes] = {"gz": GZIP, "xz": b"\xfd7zXZ\0", "bz2": b"BZh", "zst": _ZSTD}
_BLOCK = 256 * 1024
_MOST_BYTES, _MOST_TIMES = 4 * 1024**3, 1000


@dataclass(kw_only=True)
class Unpacked:
    """What a packed file holds, read forward; a small file that never ends is refused."""

    path: str
    source: Any
    packed_size: int
    seekable: bool = False
    at: int = 0

    def read(self, count: int) -> bytes:
        """The next bytes, fewer at the end. Raises StampError for what cannot be unpacked."""
        try:
            found: bytes = self.source.read(count)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as exc:
            raise StampError(f"{self.path}: cannot be unpacked; it is cut off or damaged: {exc}") from exc
        self.at += len(found)
        if self.at > _MOST_BYTES and self.at > _MOST_TIMES * self.packed_size:
            raise StampError(
                f"{self.path}: holds more than {_MOST_TIMES} times its own size; nothing is written into it"
            )
        return found

    def skip(self, count: int) -> None:
        """Pass over so many bytes, or to the end."""
        end = self.at + count
        if self.seekable:
            self.at = self.source.seek(min(end, self.packed_size))
        while self.at < end and self.read(min(_BLOCK, end - self.at)):
            pass


def packing_of(head: bytes) -> str:
    """Name the packing by a file's first bytes: gz, xz, bz2, zst, or none."""
    return next((name for name, magic in _MAGIC.items() if head.startswith(magic)), "none")


@contextmanager
def unpacked(path: str, packing: str) -> Iterator[Unpacked]:
    """Open what the file holds. Raises StampError, also where nothing on this machine unpacks it."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        with _UNPACKERS[packing](path, file) as source:
            yield Unpacked(path=path, source=source, packed_size=size, seekable=source is file)


@contextmanager
def _as_it_is(path: str, file: BinaryIO) -> Iterator[Any]:  # noqa: ARG001
    yield file


@contextmanager
def _unzstd(path: str, file: BinaryIO) -> Iterator[Any]:
    """By Python's own module (3.14), else by the program."""
    if sys.version_info >= (3, 14):
        from compression import zstd

        try:
            with zstd.ZstdFile(file) as source:
                yield source
        except zstd.ZstdError as exc:
            raise StampError(f"{path}: cannot be unpacked; it is cut off or damaged: {exc}") from exc
        return
    program = shutil.which("zstd")
    if program is None:
        raise StampError(f"{path}: is packed by Zstandard, which takes Python 3.14 or the program zstd (install zstd)")
    with subprocess.Popen([program, "-dcq"], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield _Piped(process)
        finally:
            process.kill()


@dataclass(frozen=True)
class _Piped:
    """What a program writes; its end is one only when the program says so."""

    process: subprocess.Popen[bytes]

    def read(self, count: int) -> bytes:
        assert self.process.stdout is not None  # noqa: S101
        found = self.process.stdout.read(count)
        if len(found) < count and self.process.wait():
            raise EOFError("zstd says it is damaged")
        return found


_UNPACKERS: Mapping[str, Callable[[str, BinaryIO], Any]] = {
    "none": _as_it_is,
    "gz": lambda _, file: gzip.GzipFile(fileobj=file),
    "xz": lambda _, file: lzma.LZMAFile(file),  # noqa: SIM115
    "bz2": lambda _, file: bz2.BZ2File(file),
    "zst": _unzstd,
}


def packed(block: bytes, packing: str) -> bytes:
    """The bytes as a stream of their own, or as the first blocks of a gzip stream; always the same for the same."""
    if packing == "xz":
        return lzma.compress(block, preset=0)
    if packing == "bz2":
        return bz2.compress(block)
    if packing == "zst":
        return _ZSTD + struct.pack("<BI", 0xA0, len(block)) + _zstd_blocks(block)
    return _deflated(block) if packing == "gz" else block


def _deflated(block: bytes) -> bytes:
    parts = [block[at : at + 0xFFFF] for at in range(0, len(block), 0xFFFF)]
    return b"".join(struct.pack("<BHH", 0, len(part), len(part) ^ 0xFFFF) + part for part in parts)


def _zstd_blocks(block: bytes) -> bytes:
    most = 128 * 1024
    parts = [block[at : at + most] for at in range(0, len(block), most)]
    heads = [(len(part) << 3 | (part is parts[-1])).to_bytes(3, "little") for part in parts]
    return b"".join(head + part for head, part in zip(heads, parts, strict=True))


def begins_with(source: BinaryIO, block: bytes, packing: str) -> bool:
    """Whether the file begins with these bytes as `packed` would pack them."""
    source.seek(gzip_header(source) if packing == "gz" else 0)
    wanted = packed(block, packing)
    return source.read(len(wanted)) == wanted


def put_before(source: BinaryIO, old: bytes, new: bytes, packing: str, target: BinaryIO) -> None:
    """Write the file with `new` as its first bytes, instead of `old`; all else is copied as it is packed."""
    end = source.seek(0, 2)
    if packing == "gz":
        _put_into_gzip(source, old, new, target)
        return
    target.write(packed(new, packing))
    copy_range(source, len(packed(old, packing)) if old else 0, end, target)


def _put_into_gzip(source: BinaryIO, old: bytes, new: bytes, target: BinaryIO) -> None:
    end = source.seek(0, 2)
    header = gzip_header(source)
    rest = header + len(_deflated(old))
    rest_end, crc, size = _inflated(source, rest, zlib.crc32(new))
    copy_range(source, 0, header, target)
    target.write(_deflated(new))
    copy_range(source, rest, rest_end, target)
    target.write(struct.pack("<II", crc, (len(new) + size) & 0xFFFFFFFF))
    copy_range(source, rest_end + 8, end, target)


def _inflated(source: BinaryIO, start: int, crc: int) -> tuple[int, int, int]:
    """Where the deflate stream that starts there ends, the checksum so far with its content's, and that one's size."""
    inflate, size = zlib.decompressobj(-15), 0
    source.seek(start)
    while not inflate.eof:
        chunk = inflate.unconsumed_tail or source.read(_BLOCK)
        if not chunk:
            raise EOFError("the compressed data has no end")
        out = inflate.decompress(chunk, 4 * _BLOCK)
        crc, size = zlib.crc32(out, crc), size + len(out)
    return source.tell() - len(inflate.unused_data), crc, size


def gzip_header(source: BinaryIO) -> int:
    """The length of a gzip file's header."""
    source.seek(0)
    head = source.read(64 * 1024)
    flags, at = head[3], 10
    if flags & 4:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    for flag in (8, 16):  # its name, a comment
        if flags & flag:
            at = head.find(b"\0", at) + 1 or len(head)
    return at + (2 if flags & 2 else 0)


@contextmanager
def packer(target: BinaryIO, packing: str, path: str) -> Iterator[Any]:
    """Pack anew what is written. Raises StampError for Zstandard, which is only unpacked here."""
    if packing == "none":
        yield target
    elif packing == "gz":
        with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as file:
            yield file
    elif packing == "zst":
        raise StampError(f"{path}: has another {FILE_NAME} packed with the rest (leave it out when you pack)")
    else:
        with (lzma.LZMAFile if packing == "xz" else bz2.BZ2File)(target, "wb") as file:
            yield file
