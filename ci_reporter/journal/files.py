"""What the state folder needs of a file system besides plain files: locks that die with their owner, lines of JSON."""

from __future__ import annotations

import errno
import json
import os

from ci_reporter.system.files import open_regular, unlink, write_whole

try:
    import fcntl
except ImportError:  # Windows has no advisory locks: every lock is free there, and no step is recovered
    fcntl = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HAS_LOCKS = fcntl is not None
LARGEST_LINE = 32 * 1024**2  # of --tail at most 1 MiB is kept, six bytes a character at worst


def boot_id() -> str | None:
    """Name this start of the machine; unknown off Linux."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return None


def create_locked(path: str, flat: dict[str, Any]) -> int:
    """Write a synced file that appears whole and already locked; returns the descriptor that holds the lock.

    It is written under another name, locked and only then renamed: a file that can be seen is never without its lock,
    or a process that looks for abandoned steps would take it at once.
    """
    hidden = f"{path}.new" if HAS_LOCKS else path  # Windows cannot rename an open file, and no step is recovered there
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


def rewrite(fd: int, content: bytes) -> bool:
    """Put new content into an open file; on a full disk it must fit into the blocks that the file has already."""
    try:
        # ext4 and others allocate whole blocks of 4 KiB: a running file of 900 bytes can take 4096 on a full disk.
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
    """One line of UTF-8 JSON; what UTF-8 cannot hold (a lone surrogate) becomes `?`."""
    return json.dumps(flat, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def listing(folder: str) -> list[str]:
    """The names in the folder; none where it cannot be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def try_lock(fd: int) -> bool:
    """Take the file's lock, unless a living process has it."""
    if not HAS_LOCKS:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def reason(folder: str, error: OSError) -> str:
    """Why a file of the state folder cannot be used, with the way out where permissions are missing."""
    if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
        return error.strerror or str(error)
    elsewhere = "set CI_REPORTER_DIR to a folder that you can write to"
    owner, user = _owner(folder), os.geteuid() if hasattr(os, "geteuid") else None
    if owner is None or user in (None, owner):
        return f"{error.strerror} ({elsewhere})"
    whose = "root" if owner == 0 else f"user {owner}"
    return f"{error.strerror}; it belongs to {whose} (`sudo chown -R {user} {folder}`, or {elsewhere})"


def _owner(path: str) -> int | None:
    try:
        return os.stat(path).st_uid
    except OSError:
        return None
