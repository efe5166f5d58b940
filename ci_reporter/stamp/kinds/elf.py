"""ELF programs, libraries and object files: a note in the section `.note.ci-reporter`.

The note's name is `ci-reporter`, its type 1, its content the JSON of a `build-info.json`. It is not loaded; a program
reads it from its own file, as `readelf -n` does. The section is written by `elf.writer`, for every machine alike; a
file that cannot take one is not of this kind, and has its stamp beside it.
"""

from __future__ import annotations

import json
import os
import struct

from ci_reporter import buildinfo
from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import atomic, infofile
from ci_reporter.stamp.elf import headers, writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

SECTION = ".note.ci-reporter"
_OWNER = b"ci-reporter\0"
_TYPE = 1


class ElfNote:
    """A program, a library or an object file."""

    name = "elf"

    def takes(self, path: str) -> bool:
        """Take what begins as ELF and can have one more section; a core dump is built by nobody."""
        if not os.path.isfile(path):
            return False
        with _open(path) as file:
            if not _is_built(file.read(18)):
                return False
            try:
                elf = headers.parse(file)
            except ValueError as exc:
                raise StampError(f"{path}: {exc}") from exc
            return writer.obstacle(file, elf, SECTION.encode()) is None

    def where(self, path: str) -> str:  # noqa: ARG002
        """The section."""
        return f"section {SECTION}"

    def write(self, path: str, info: BuildInfo) -> bool:
        """Add the note; False when it is the same already. Raises StampError."""
        before, found = _load(path)
        if found == info:
            return False
        with _open(path) as source, atomic.replacement(path) as target:
            try:
                writer.write(source, before, SECTION.encode(), note(info, before.byte_order), target)
            except ValueError as exc:
                raise StampError(f"{path}: {exc}") from exc
            target.flush()
            _check(path, before, info, target.name)
        return True

    def read(self, path: str) -> BuildInfo | None:
        """Read the note. Raises StampError."""
        return _load(path)[1]


def note(info: BuildInfo, byte_order: str) -> bytes:
    """The section's content: sizes and type, then name and content, each filled up to four bytes."""
    content = json.dumps(buildinfo.to_json(info), separators=(",", ":")).encode()
    head = struct.pack(f"{byte_order}III", len(_OWNER), len(content), _TYPE)
    return head + _OWNER + content + b"\0" * (-len(content) % 4)


def _is_built(start: bytes) -> bool:
    kinds = (headers.RELOCATABLE, headers.EXECUTABLE, headers.SHARED)
    return start[:4] == headers.MAGIC and len(start) == 18 and {*start[16:]} - {0} <= {*kinds}


def _load(path: str) -> tuple[headers.Elf, BuildInfo | None]:
    try:
        with _open(path) as file:
            elf = headers.parse(file)
            section = elf.section(SECTION.encode())
            content = headers.content(file, section) if section else None
    except ValueError as exc:
        raise StampError(f"{path}: {exc}") from exc
    return elf, _info(path, content, elf.byte_order) if content is not None else None


def _info(path: str, content: bytes, byte_order: str) -> BuildInfo:
    owner_at, start = 12, 12 + len(_OWNER)
    if len(content) < start or content[owner_at:start] != _OWNER:
        raise StampError(f"{path}: its section {SECTION} was not written by ci-reporter")
    size = struct.unpack_from(f"{byte_order}I", content, 4)[0]
    return infofile.decode(content[start : start + size], f"{path}, section {SECTION}")


def _check(path: str, before: headers.Elf, info: BuildInfo, changed: str) -> None:
    """Read back what people will run, before it takes the place of what they have."""
    after, found = _load(changed)
    if found != info or (after.loaded, after.entry, after.type) != (before.loaded, before.entry, before.type):
        raise StampError(f"{path}: the note would change what is loaded of it; the file stays as it is")


def _open(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as exc:
        raise StampError(f"{path}: cannot be read: {exc.strerror}") from exc
