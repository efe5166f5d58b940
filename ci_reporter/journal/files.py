"""What the state folder needs of a file system: files that appear whole, locks that die with their owner."""

from __future__ import annotations

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
LARGEST_LINE = 16 * 1024**2


def boot_id() -> str | None:
    """Name this start of the machine; unknown off Linux."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def open_regular(path: str, flags: int) -> int:
    """Open a plain file; never through a link, never waiting on a FIFO."""
    fd = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o644)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(22, "not a plain file")
    return fd


def write_locked(path: str, flat: dict[str, Any]) -> int:
    """Write a synced file that appears whole and already locked; returns the descriptor that holds the lock."""
    hidden = f"{path}.new"
    fd = open_regular(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        try_lock(fd)
        os.write(fd, encode(flat))
        os.fsync(fd)
        os.rename(hidden, path)
    except OSError:
        os.close(fd)
        unlink(hidden)
        raise
    return fd


def write_atomic(path: str, flat: dict[str, Any]) -> None:
    """Write a file that appears whole or not at all."""
    hidden = f"{path}.{os.getpid()}.new"
    with open(hidden, "wb") as file:
        file.write(encode(flat))
    os.replace(hidden, path)


def rewrite(fd: int, flat: dict[str, Any]) -> None:
    """Put new content into a file that is open, as well as it goes."""
    try:
        os.pwrite(fd, content := encode(flat), 0)
        os.ftruncate(fd, len(content))
        os.fsync(fd)
    except OSError:
        pass


def encode(flat: dict[str, Any]) -> bytes:
    """One line of UTF-8 JSON; what no encoding can hold (a lone surrogate) becomes `?`."""
    return json.dumps(flat, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def listing(folder: str) -> list[str]:
    """Name what is in the folder; nothing when it is not there."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
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
