"""Files written whole or not at all, and files read without waiting and up to a limit.

Every room writes and reads its files with these functions. The module is loaded before the user's command starts, so it
imports nothing that the interpreter has not loaded already.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

# O_NONBLOCK: to open a FIFO must not wait for its other end. O_BINARY: Windows would translate line ends.
_PLAIN = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_PATIENCE_S = 10.0
_TRIES, _BETWEEN_TRIES_S = 200, 0.01  # for the reader of a FIFO
_LONGEST_STEM = 50  # characters; four bytes each at most, and a file name has 255 bytes


def write_atomic(path: str, content: bytes, *, durable: bool = True) -> None:
    """Write a file of our own: readers see the old content or the new, also after a crash. Raises OSError.

    A symbolic link at `path` is replaced, not followed. `durable=False` saves the fsync where losing the file after a
    power cut does no harm.
    """
    hidden = hidden_name(path)
    try:
        fd = open_regular(hidden, _NEW)
        try:
            write_whole(fd, content)
            if durable:
                os.fsync(
                    fd
                )  # without it, a crash after the rename can leave an empty file: see rename(2), ext4's delalloc
        finally:
            os.close(fd)
        os.replace(hidden, path)
    except OSError:
        unlink(hidden)
        raise


@contextmanager
def replacement(path: str, copy_status: Callable[[str, str], None] | None = None) -> Iterator[BinaryIO]:
    """Give a file to write that takes the place of the user's file `path` when the block ends without an error.

    Otherwise nothing changes and nothing is left behind. The target of a symbolic link is replaced, not the link; the
    mode of the old file is kept, or what `copy_status(old, new)` copies. What is not a regular file (`/dev/stdout`, a
    FIFO) cannot be replaced and is written to. Raises OSError.
    """
    if _is_stream(path):
        with open(_open_now(path), "wb") as stream:
            yield stream
        return
    target = os.path.realpath(path)
    hidden = hidden_name(target)
    try:
        with open(hidden, "xb") as file:
            yield file
            file.flush()
            (copy_status or _copy_mode)(target, hidden)
            os.fsync(file.fileno())
        os.replace(hidden, target)
        sync_folder(os.path.dirname(target))
    finally:
        unlink(hidden)


def append(path: str, text: str) -> None:
    """Append to a file that others write to as well, such as a job's summary. Raises OSError."""
    with open(_open_now(path, os.O_APPEND | os.O_CREAT), "a", encoding="utf-8", errors="replace") as file:
        file.write(text)


def hidden_name(path: str) -> str:
    """A new name in the same folder, for a file that is not complete yet: `.report.xml.1f2e3d4c.new`."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:_LONGEST_STEM]}.{os.urandom(4).hex()}.new")


def unfinished(path: str) -> list[str]:
    """The files that have a `hidden_name` of this path: being written, or left by a writer that was killed."""
    folder, name = os.path.split(path)
    begin = f".{name[:_LONGEST_STEM]}."
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return []
    return [os.path.join(folder, each) for each in names if each.startswith(begin) and _is_ending(each[len(begin) :])]


def read_bounded(path: str, most: int) -> bytes:
    """Read a regular file of at most `most` bytes; a FIFO or a device is refused at once. Raises OSError.

    Symbolic links are followed: this is for files that others name.
    """
    with open(open_regular(path, os.O_RDONLY, follow=True), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        content = b"" if size > most else file.read(most + 1)  # of a file in /proc the size is 0, whatever is in it
    if max(size, len(content)) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes")
    return content


def read_named(path: str, most: int, wait_s: float = _PATIENCE_S) -> bytes:
    """Read a file that the user names, and at most `most` bytes of it. Raises OSError.

    It may be a pipe, as `<(vault read …)` is one. A pipe into which nobody writes would stop the job for ever, with the
    signals still blocked: after `wait_s` without a byte it is an error.
    """
    fd = os.open(path, os.O_RDONLY | _PLAIN)
    with open(fd, "rb", buffering=0) as file:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return file.read(most)
        content = b""
        while len(content) < most and (chunk := _read_when_ready(fd, most - len(content), wait_s)):
            content += chunk
        return content


def _read_when_ready(fd: int, most: int, wait_s: float) -> bytes:
    import select  # of a few files alone, which are pipes

    if not select.select([fd], [], [], wait_s)[0]:
        raise TimeoutError(errno.ETIMEDOUT, f"it is a pipe, and nothing came out of it for {wait_s:g} s")
    return os.read(fd, most)


def open_regular(path: str, flags: int, *, follow: bool = False) -> int:
    """Open a regular file without ever waiting; through a symbolic link only with `follow`. Raises OSError."""
    try:
        fd = os.open(path, flags | _PLAIN | (0 if follow else _NO_LINK), 0o644)
    except ValueError as exc:  # a null byte, or a character that the file system cannot encode
        raise OSError(errno.EINVAL, "no file can have this name") from exc
    except OSError as exc:
        if exc.errno == errno.ELOOP and os.path.islink(path):  # O_NOFOLLOW reports a link in this way
            raise OSError(errno.ELOOP, "it is a link, not a plain file") from exc
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is not a plain file")
    return fd


def write_whole(fd: int, content: bytes) -> None:
    """Write all of it in one call; a short write means that the disk is full. Raises OSError."""
    if os.write(fd, content) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sync_folder(folder: str) -> None:
    """Make the names in a folder durable; some file systems cannot, and need not, do it."""
    with suppress(OSError):
        fd = os.open(folder or ".", os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def unlink(path: str) -> None:
    """Remove a file that may be gone already."""
    try:
        os.unlink(path)
    except OSError:
        pass


def _is_ending(text: str) -> bool:
    digits, _, suffix = text.partition(".")
    return suffix == "new" and len(digits) == 8 and set(digits) <= set("0123456789abcdef")


def _is_stream(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _open_now(path: str, flags: int = 0) -> int:
    """Open a file, a FIFO or a device to write to.

    To open a FIFO waits for its reader, which may be about to start, or may never come and then stops the job for ever:
    after two seconds without one it is an error, ENXIO.
    """
    for _ in range(_TRIES):
        try:
            fd = os.open(path, os.O_WRONLY | flags | _PLAIN, 0o666)
            break
        except OSError as exc:
            if exc.errno != errno.ENXIO:
                raise
            time.sleep(_BETWEEN_TRIES_S)
    else:
        raise OSError(errno.ENXIO, "it is a pipe, and nobody reads it")
    if hasattr(os, "set_blocking"):
        os.set_blocking(fd, True)
    return fd


def _copy_mode(old: str, new: str) -> None:
    with suppress(FileNotFoundError):
        os.chmod(new, stat.S_IMODE(os.stat(old).st_mode))
