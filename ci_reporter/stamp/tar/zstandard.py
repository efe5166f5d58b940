"""Zstandard by what this machine has: Python's own module (3.14), else the program `zstd`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ci_reporter.errors import StampError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

_CHUNK = 1024 * 1024
_FASTEST = -1
_CHECKSUM = 4


@contextmanager
def unpack(path: str, file: BinaryIO) -> Iterator[Any]:
    """Give what the file holds to read. Raises StampError, also where nothing here unpacks it."""
    if sys.version_info >= (3, 14):
        from compression import zstd

        try:
            with zstd.ZstdFile(file) as source:
                yield source
        except zstd.ZstdError as exc:
            raise StampError(f"{path}: cannot be unpacked; it is cut off or damaged: {exc}") from exc
        return
    with _unpack_by_program(path, file) as source:
        yield source


@contextmanager
def packer(path: str, target: BinaryIO) -> Iterator[Any]:
    """Give something to write to; it is packed into `target`. Raises StampError where nothing here packs it."""
    if sys.version_info >= (3, 14):
        from compression import zstd

        with zstd.ZstdFile(target, "wb", options={zstd.CompressionParameter.checksum_flag: 1}) as out:
            yield out
        return
    with _pack_by_program(path, target) as out:
        yield out


def checksum(path: str) -> bytes:
    """The last four bytes of a frame that holds what the file at `path` holds: the end of the content's XXH64."""
    if sys.version_info >= (3, 14):
        from compression import zstd

        options = {zstd.CompressionParameter.checksum_flag: 1, zstd.CompressionParameter.compression_level: _FASTEST}
        frame = zstd.ZstdCompressor(options=options)
        tail = b""
        with zstd.open(path) as source:
            while block := source.read(_CHUNK):
                tail = (tail + frame.compress(block))[-_CHECKSUM:]
        return bytes((tail + frame.flush())[-_CHECKSUM:])
    return _checksum_by_program(path)


def _checksum_by_program(path: str) -> bytes:
    program = _program(path)
    with (
        open(path, "rb") as file,
        subprocess.Popen([program, "-dcq"], stdin=file, stdout=subprocess.PIPE) as unpack,
        subprocess.Popen(
            [program, "-qc", f"--fast={-_FASTEST}", "--check"], stdin=unpack.stdout, stdout=subprocess.PIPE
        ) as pack,
    ):
        assert unpack.stdout is not None and pack.stdout is not None  # noqa: S101
        unpack.stdout.close()  # else the first would wait for ever when the second has ended
        tail = b""
        while block := pack.stdout.read(_CHUNK):
            tail = (tail + block)[-_CHECKSUM:]
        if unpack.wait() or pack.wait():
            raise StampError(f"{path}: zstd cannot read what was written")
    return tail


@contextmanager
def _unpack_by_program(path: str, file: BinaryIO) -> Iterator[Any]:
    command = [_program(path), "-dcq"]
    with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield _Piped(process)
        finally:
            process.kill()


@contextmanager
def _pack_by_program(path: str, target: BinaryIO) -> Iterator[Any]:
    target.flush()
    command = [_program(path), "-qc", "--check"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=target) as process:
        assert process.stdin is not None  # noqa: S101
        try:
            yield process.stdin
            process.stdin.close()
            if process.wait():
                raise StampError(f"{path}: zstd could not pack it")
        finally:
            process.kill()
    target.seek(0, 2)


def _program(path: str) -> str:
    program = shutil.which("zstd")
    if program is None:
        raise StampError(f"{path}: is packed by Zstandard, which takes Python 3.14 or the program zstd (install zstd)")
    return program


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
