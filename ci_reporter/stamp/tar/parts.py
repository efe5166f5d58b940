"""A tar whose entries are exchanged one by one; every other byte of it is copied as it is.

An entry is its extension headers, a header of 512 bytes and its content, filled up to whole blocks of 512 bytes.
Nothing in a tar says where something else is, so an entry may become longer. Source: POSIX.1-2017, pax, "ustar
Interchange Format".
"""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ci_reporter.errors import StampError
from ci_reporter.stamp import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

_MOST_ENTRIES = 100_000
_MAGIC_AT, _MAGIC = 257, b"ustar"
_BLOCK = 512
_CHUNK = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The entries of a tar by name, the first of each name."""

    entries: Mapping[str, tarfile.TarInfo]
    odd: str | None

    def files(self) -> frozenset[str]:
        """The names of its plain files."""
        return frozenset(name for name, entry in self.entries.items() if entry.isreg() and not entry.issparse())

    def content(self, file: BinaryIO, name: str, most: int) -> bytes:
        """At most `most` bytes of an entry. Raises StampError where there is no such file."""
        if name not in self.files():
            raise StampError(f"{name} is missing")
        entry = self.entries[name]
        file.seek(entry.offset_data)
        return file.read(min(entry.size, most))


def is_tar(file: BinaryIO) -> bool:
    """Whether it begins as an uncompressed tar does."""
    file.seek(_MAGIC_AT)
    return file.read(len(_MAGIC)) == _MAGIC


def parts(file: BinaryIO) -> Parts:
    """List the entries; `odd` says what nobody should write to. Raises StampError for a tar that is damaged."""
    entries: dict[str, tarfile.TarInfo] = {}
    odd = None
    file.seek(0)
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            for count, entry in enumerate(tar):
                name = posixpath.normpath(entry.name)
                odd = odd or _odd(entry, name, entries)
                if count >= _MOST_ENTRIES:
                    raise StampError(f"has more than {_MOST_ENTRIES} entries")
                entries.setdefault(name, entry)
            _check_end(file, tar.offset)
    except (tarfile.TarError, OSError, ValueError, EOFError) as exc:
        raise StampError(f"is a damaged tar: {exc}") from exc
    return Parts(entries=entries, odd=odd)


def _check_end(file: BinaryIO, at: int) -> None:
    """Behind the last entry there is a block of zeros; tarfile takes a damaged header for the end."""
    file.seek(at)
    if file.read(_BLOCK) != b"\0" * _BLOCK:
        raise StampError("is a damaged tar: it ends in the middle")


def exchange(source: BinaryIO, found: Parts, changes: Mapping[str, Sequence[tuple[str, bytes]]], out: Any) -> None:
    """Write the tar to `out` with other entries in some entries' places; they get their mode, owner and time.

    `out` is a file, for which the system copies what stays, or what `packing.packer` gives.
    """
    copy = atomic.copy_range if isinstance(out, io.BufferedWriter) and out.seekable() else _copy
    at = 0
    for name in sorted(changes, key=lambda each: found.entries[each].offset):
        old = found.entries[name]
        copy(source, at, old.offset, out)
        for new_name, content in changes[name]:
            out.write(_entry(old, name, new_name, content))
        at = old.offset_data + _whole_blocks(old.size)
    copy(source, at, source.seek(0, os.SEEK_END), out)


def _copy(source: BinaryIO, start: int, end: int, out: Any) -> None:
    source.seek(start)
    while start < end and (block := source.read(min(_CHUNK, end - start))):
        out.write(block)
        start += len(block)


def _entry(old: tarfile.TarInfo, name: str, new_name: str, content: bytes) -> bytes:
    prefix = old.name.removesuffix(name) if old.name.endswith(name) else ""
    new = tarfile.TarInfo(prefix + new_name)
    new.size, new.mode, new.mtime = len(content), old.mode, int(old.mtime)
    new.uid, new.gid, new.uname, new.gname = old.uid, old.gid, old.uname, old.gname
    padding = b"\0" * (_whole_blocks(len(content)) - len(content))
    return new.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape") + content + padding


def _whole_blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _odd(entry: tarfile.TarInfo, name: str, before: Mapping[str, tarfile.TarInfo]) -> str | None:
    if _leads_out(name):
        return f"holds an entry that leads out of it: {entry.name!r:.100}"
    if entry.issym() and _leads_out(posixpath.join(posixpath.dirname(name), entry.linkname)):
        return f"holds a link that leads out of it: {entry.name!r:.100}"
    if entry.islnk() and _leads_out(entry.linkname):
        return f"holds a link that leads out of it: {entry.name!r:.100}"
    if name in before and not entry.isdir():
        return f"holds two entries called {name!r:.100}"
    return None


def _leads_out(name: str) -> bool:
    return posixpath.normpath(name).split("/")[0] in ("..", "") or posixpath.isabs(name)
