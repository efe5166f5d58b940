"""How tar files are packed: tell by the first bytes, unpack as a stream, pack anew."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ci_reporter.errors import StampError
from ci_reporter.stamp.tar import zstandard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

_MAGIC: Mapping[str, bytes] = {"gz": b"\x1f\x8b", "xz": b"\xfd7zXZ\0", "bz2": b"BZh", "zst": b"\x28\xb5\x2f\xfd"}
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
        # Both limits: an honest log file packs 1:1000 and is small, an honest disk image is large and packs less.
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
def unpack(path: str, packing: str) -> Iterator[Unpacked]:
    """Open what the file holds. Raises StampError, also where nothing on this machine unpacks it."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        with _UNPACKERS[packing](path, file) as source:
            yield Unpacked(path=path, source=source, packed_size=size, seekable=source is file)


@contextmanager
def _as_it_is(path: str, file: BinaryIO) -> Iterator[Any]:  # noqa: ARG001
    yield file


_UNPACKERS: Mapping[str, Callable[[str, BinaryIO], Any]] = {
    "none": _as_it_is,
    "gz": lambda _, file: gzip.GzipFile(fileobj=file),
    "xz": lambda _, file: lzma.LZMAFile(file, format=lzma.FORMAT_XZ),  # noqa: SIM115
    "bz2": lambda _, file: bz2.BZ2File(file),
    "zst": zstandard.unpack,
}


@contextmanager
def packer(target: BinaryIO, packing: str, path: str) -> Iterator[Any]:
    """Give something to write to; it is packed into `target`, as the packing's own program does without options."""
    if packing == "none":
        yield target
    elif packing == "zst":
        with zstandard.packer(path, target) as out:
            yield out
    elif packing == "gz":
        with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0, compresslevel=6) as file:
            yield file
    else:
        with (lzma.LZMAFile if packing == "xz" else bz2.BZ2File)(target, "wb") as file:
            yield file
