"""A log file that grows, is rotated or truncated under its reader, or is not there yet."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ci_reporter.logs.lines import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import FileIO

_CHUNK = 64 * 1024
_HEAD = 64


class Growing:
    """The file that is at `path` now: `more` gives the lines that have come since it was asked last."""

    def __init__(self, path: str) -> None:
        self.lines = Lines()
        self.path = path
        self._file: FileIO | None = None
        self._head = b""

    def more(self) -> Iterator[bytes]:
        """The lines that are complete by now. Of a file that has been replaced, the rest of the old one first.

        Raises OSError when the file is there and cannot be read.
        """
        while self._current():
            yield from self._unread()
            if not self._is_replaced():
                return
            yield from self._unread()  # what came between the last look and the rename
            yield from self.lines.end()
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()
        self._file = None

    def _current(self) -> FileIO | None:
        if self._file is None:
            try:
                # Unbuffered: a buffer would give what stood there before the file was truncated.
                self._file = open(self.path, "rb", buffering=0)  # noqa: SIM115  it stays open between two looks
            except FileNotFoundError:
                return None
            self._head = b""
        return self._file

    def _unread(self) -> Iterator[bytes]:
        if self._file is None:
            return
        if self._is_truncated(self._file):
            self._file.seek(0)
            self._head = b""
            self.lines = _fresh(self.lines)
        while chunk := self._file.read(_CHUNK):
            self._head += chunk[: _HEAD - len(self._head)]  # as it was read: the file may be another by now
            yield from self.lines.feed(chunk)

    def _is_truncated(self, file: FileIO) -> bool:
        """Whether it is shorter than what was read of it, or has been begun anew and grown beyond that."""
        if not file.seekable():
            return False
        shorter = os.fstat(file.fileno()).st_size < file.tell()
        return shorter or os.pread(file.fileno(), len(self._head), 0) != self._head

    def _is_replaced(self) -> bool:
        """Whether another file has its name; one that is only gone may still be written to."""
        try:
            now = os.stat(self.path)
        except OSError:
            return False
        assert self._file is not None  # noqa: S101
        mine = os.fstat(self._file.fileno())
        return (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino)


def _fresh(before: Lines) -> Lines:
    after = Lines()
    after.too_long = before.too_long
    return after
