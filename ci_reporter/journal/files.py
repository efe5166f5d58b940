"""What the state folder needs of a file system: files that appear whole, locks that die with their owner."""

from __future__ import annotations

import errno
import json
import os
import stat

try:
    import fcntl
except ImportError:  # Windows has no advisory locks: there every lock is free, and nothing is taken for abandoned
    fcntl = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HAS_LOCKS = fcntl is not None
# Never through a link, never waiting on a FIFO; Windows knows neither, and would translate line ends.
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
LARGEST_LINE = 32 * 1024**2  # of --tail at most 1 MiB is kept, six bytes a character at worst


def boot_id() -> str | None:
    """Name this start of the machine; unknown off Linux."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def open_regular(path: str, flags: int) -> int:
    """Open a plain file; never through a link, never waiting on a FIFO."""
    try:
        fd = os.open(path, flags | _PLAIN, 0o644)
    except OSError as exc:
        if exc.errno == errno.ELOOP:  # what O_NOFOLLOW makes of a link
            raise OSError(errno.ELOOP, "it is a link, not a plain file") from exc
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is not a plain file")
    return fd


def write_locked(path: str, flat: dict[str, Any]) -> int:
    """Write a synced file that appears whole and already locked; returns the descriptor that holds the lock."""
    hidden = f"{path}.new" if HAS_LOCKS else path  # Windows renames no open file, and nobody adopts one there
    fd = open_regular(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        try_lock(fd)
        write_whole(fd, encode(flat))
        os.fsync(fd)
        if hidden != path:
            os.rename(hidden, path)
    except OSError:
        os.close(fd)
        unlink(hidden)
        raise
    return fd


def write_atomic(path: str, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    hidden = f"{path}.{os.urandom(4).hex()}.new"
    try:
        fd = open_regular(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            write_whole(fd, content)
        finally:
            os.close(fd)
        os.replace(hidden, path)
    except OSError:
        unlink(hidden)
        raise


def write_whole(fd: int, content: bytes) -> None:
    """Write all of it; a disk that took a part is full."""
    if os.write(fd, content) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def rewrite(fd: int, content: bytes) -> bool:
    """Put new content into an open file; where the disk is full it has to fit into the blocks that are ours."""
    try:
        before = read_at(fd, 0, LARGEST_LINE)
        fits = _write_from_start(fd, content) == len(content)
        if not fits:
            _write_from_start(fd, before)
        os.ftruncate(fd, len(content if fits else before))
        os.fsync(fd)
    except OSError:
        return False
    return fits


def read_at(fd: int, offset: int, most: int) -> bytes:
    """Bytes from an offset on; Windows has no pread."""
    os.lseek(fd, offset, os.SEEK_SET)
    return os.read(fd, most)


def _write_from_start(fd: int, content: bytes) -> int:
    os.lseek(fd, 0, os.SEEK_SET)
    return os.write(fd, content)


def encode(flat: dict[str, Any]) -> bytes:
    """One line of UTF-8 JSON; what no encoding can hold (a lone surrogate) becomes `?`."""
    return json.dumps(flat, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def listing(folder: str) -> list[str]:
    """Name what is in the folder; nothing when there is none that can be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def unlink(path: str) -> None:
    """Remove a file that may be gone already."""
    try:
        os.unlink(path)
    except OSError:
        pass


def try_lock(fd: int) -> bool:
    """Take the file's lock if nobody living has it."""
    if not HAS_LOCKS:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
