"""Report files as CI jobs leave them: found by pattern, opened without waiting, read with a bound."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from stat import S_ISDIR, S_ISREG

from ci_reporter.errors import ReportFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

HEAD_BYTES = 64 * 1024
LARGEST_DOCUMENT_BYTES = 256 * 1024 * 1024
MOST_FILES = 10_000


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Files that patterns name, sorted, each once; `problems` are sentences about what was skipped."""

    files: tuple[str, ...]
    problems: tuple[str, ...]


@contextmanager
def open_report(path: str) -> Iterator[BinaryIO]:
    """Open a regular file that is not empty; a FIFO or a device is refused without waiting for its other end.

    Raises ReportFileError, also for what goes wrong while it is read.
    """
    with _open(path) as file:
        try:
            _check(path, os.fstat(file.fileno()))
            yield file
        except OSError as exc:
            raise ReportFileError(path, f"cannot be read: {exc.strerror or exc}") from exc


def head_of(file: BinaryIO) -> bytes:
    """The first 64 KiB, from which formats are told apart; the file stands at its start again."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return head


def document(path: str, file: BinaryIO, largest: int = LARGEST_DOCUMENT_BYTES) -> bytes:
    """All of a file that has to be read at once. Raises ReportFileError when it has more than `largest` bytes."""
    size = os.fstat(file.fileno()).st_size
    if size > largest:
        raise ReportFileError(path, f"has {size} bytes; a file that is read as a whole may have {largest}")
    content = file.read(largest + 1)
    if len(content) > largest:
        raise ReportFileError(path, f"has more than the {largest} bytes that a file read as a whole may have")
    return content


def expand(patterns: Sequence[str], root: str, most: int = MOST_FILES) -> Matches:
    """Find the files that `patterns` name below `root`; `**` is any depth, absolute patterns stay as they are.

    Nothing is raised: a pattern without a match, and what matches but is not a regular file, is a problem.
    """
    files: set[str] = set()
    problems: list[str] = []
    for pattern in dict.fromkeys(patterns):
        matches = sorted({os.path.normpath(path) for path in islice(_matches(pattern, root), most + 1)})
        files.update(path for path in matches if _fits(path, problems))
        if not matches:
            problems.append(f"no file matches {pattern!r}")
    if len(files) > most:
        problems.append(f"more than {most} files match; the first {most} are read")
    return Matches(files=tuple(sorted(files)[:most]), problems=tuple(problems))


def _matches(pattern: str, root: str) -> Iterator[str]:
    """Paths that a pattern names; a path that is there is meant as it is, whatever signs are in it."""
    full = os.path.join(root, pattern).replace(os.sep, "/")
    if "\0" in full:
        return
    if os.path.lexists(full):
        yield full
        return
    parts = [part for part, before in pairwise([*reversed(full.split("/")), ""]) if (part, before) != ("**", "**")]
    parts.reverse()
    yield from _below(f"{parts[0]}/" if full.startswith("/") else "", [part for part in parts if part])


def _below(folder: str, parts: list[str]) -> Iterator[str]:
    """Walk down one part of the pattern at a time; `**` does not follow links to folders, so there are no loops."""
    part, rest = parts[0], parts[1:]
    if part == "**" and rest:
        yield from _below(folder, rest)
    elif not any(sign in part for sign in "*?["):
        path = folder + part
        if os.path.lexists(path):
            yield from _below(f"{path}/", rest) if rest else (path,)
        return
    for entry in _entries(folder):
        if entry.name.startswith(".") and not part.startswith("."):
            continue
        if part == "**" and entry.is_dir(follow_symlinks=False):
            yield from _below(f"{entry.path}/", parts)
        elif part == "**":
            yield from () if rest else (entry.path,)
        elif fnmatch.fnmatchcase(entry.name, part):
            yield from _below(f"{entry.path}/", rest) if rest else (entry.path,)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder or ".") as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:  # not a folder, or not ours to look into
        return []


def _fits(path: str, problems: list[str]) -> bool:
    """Whether it is a regular file; a folder that a wildcard meets is nothing to talk about."""
    try:
        mode = os.stat(path).st_mode
    except OSError as exc:
        problems.append(f"{path}: passed over: {exc.strerror}")
        return False
    if not S_ISREG(mode):
        problems.append(f"{path}: passed over: {'a folder' if S_ISDIR(mode) else 'not a regular file'}")
    return S_ISREG(mode)


def _check(path: str, status: os.stat_result) -> None:
    if not S_ISREG(status.st_mode):
        raise ReportFileError(path, "is not a regular file; a report file was expected")
    if status.st_size == 0:
        raise ReportFileError(path, "is empty; a report was expected")


def _open(path: str) -> BinaryIO:
    try:
        return open(path, "rb", opener=_open_nonblocking)
    except IsADirectoryError as exc:
        raise ReportFileError(path, "is a folder; a report file was expected") from exc
    except OSError as exc:
        raise ReportFileError(path, f"cannot be read: {exc.strerror or exc}") from exc
    except ValueError as exc:  # a null byte, or a character that no file system takes
        raise ReportFileError(path, "no file can have this name") from exc


def _open_nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
