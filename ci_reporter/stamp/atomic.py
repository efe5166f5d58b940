"""Put a new file in an old one's place: whole or not at all, with its mode, times and owner."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ci_reporter.errors import StampError
from ci_reporter.system import files

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_HAS_LOCKS = fcntl is not None
_BLOCK = 1024 * 1024
_LARGEST = 2**30  # bytes one call is asked to copy
_REMEDY = {
    errno.ENOSPC: "; a second copy needs room beside it until it takes its place",
    errno.EDQUOT: "; a second copy needs room beside it until it takes its place",
    errno.EACCES: "; its folder must be writable, for a new file takes its place",
    errno.EROFS: "; stamp a copy of it",
}


@contextmanager
def replacement(path: str) -> Iterator[BinaryIO]:
    """Give a new file beside `path` to write; it takes its place when the block ends well, and is gone when not.

    What a link leads to is replaced, not the link. There may be no file yet. Raises StampError for what the file system
    says, within the block too.
    """
    try:
        with _lock(path), files.replacement(path, _copy_status) as file:
            yield file
    except OSError as exc:
        raise StampError(f"{path}: cannot be written: {exc.strerror or exc}{_REMEDY.get(exc.errno or 0, '')}") from exc


@contextmanager
def _lock(path: str) -> Iterator[None]:
    """Remove what writers of this file left behind when they were killed.

    Each writer holds a lock on the file whose place it will take. Whoever gets that lock is the only one, so that what
    is unfinished belongs to nobody. Without the lock (no file yet, another writer, a system without locks) nothing is
    removed.
    """
    target = os.path.realpath(path)
    if not (_HAS_LOCKS and os.path.isfile(target)):
        yield
        return
    with open(target, "rb") as file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), os.stat(target)):  # not replaced while we waited to open it
                for each in files.unfinished(target):
                    files.unlink(each)
        yield


def write(path: str, content: bytes) -> bool:
    """Let the file have this content; False when it has it already, and is left as it is. Raises StampError."""
    try:
        with open(path, "rb") as file:
            if file.read(len(content) + 1) == content:
                return False
    except FileNotFoundError:
        pass
    except OSError as exc:
        raise StampError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    with replacement(path) as file:
        file.write(content)
    return True


def copy_range(source: BinaryIO, start: int, end: int, target: BinaryIO) -> None:
    """Copy these bytes to the end of `target`, within the kernel where it can. Raises OSError, also when they end."""
    target.flush()
    at = _in_kernel(source, start, end, target)
    source.seek(at)
    while at < end:
        block = source.read(min(_BLOCK, end - at))
        if not block:
            raise OSError(errno.EIO, "it has become shorter while it was read")
        target.write(block)
        at += len(block)


def _in_kernel(source: BinaryIO, start: int, end: int, target: BinaryIO) -> int:
    """How far it came: not every system has the calls, and not every file system takes them."""
    at, shift = start, target.tell() - start
    end = min(end, os.fstat(source.fileno()).st_size)  # behind the end there is nothing, not even a hole
    with suppress(OSError, AttributeError):
        while at < end and (done := _copy(source.fileno(), target.fileno(), (at, min(end, at + _LARGEST)), shift)):
            at += done
    # A hole at the end was passed over, not written: the length says that it is there.
    target.truncate(at + shift)
    target.seek(0, os.SEEK_END)
    return at


def _copy(source: int, target: int, extent: tuple[int, int], shift: int) -> int:
    """Copy up to the next hole; what is a hole already stays one."""
    at, end = extent
    data, hole = _data(source, at, end)
    if data > at:
        return data - at
    return os.copy_file_range(source, target, hole - at, at, at + shift)  # type: ignore[attr-defined, unused-ignore]


def _data(source: int, at: int, end: int) -> tuple[int, int]:
    """Where the next data begins and ends, as far as `end`; whoever reads the file finds it where it was."""
    position = os.lseek(source, 0, os.SEEK_CUR)
    try:
        # ENXIO: nothing but a hole up to the end. Any other error: this file system cannot tell, all of it is data.
        data = os.lseek(source, at, os.SEEK_DATA)
        return min(data, end), min(os.lseek(source, data, os.SEEK_HOLE), end)
    except OSError as exc:
        return (end, end) if exc.errno == errno.ENXIO else (at, end)
    finally:
        os.lseek(source, position, os.SEEK_SET)


def _copy_status(old: str, new: str) -> None:
    """Give the new file the old one's owner where we may, its mode, times and extended attributes."""
    try:
        status = os.stat(old)
    except FileNotFoundError:
        return
    with suppress(PermissionError, AttributeError):
        os.chown(new, status.st_uid, status.st_gid)
    shutil.copystat(old, new)  # after chown, which takes set-user-id away
