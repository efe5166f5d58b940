"""ELF programs and libraries: a note in the section `.note.ci-reporter`, written by objcopy.

The note's name is `ci-reporter`, its type 1, its content the JSON of a `build-info.json`. It is not loaded; a program
reads it from its own file, as `readelf -n` does.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import tempfile

from ci_reporter import buildinfo
from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import atomic, infofile
from ci_reporter.stamp.kinds import elffile
from ci_reporter.stamp.kinds.sidecar import Sidecar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

SECTION = ".note.ci-reporter"
_OWNER = b"ci-reporter\0"
_TYPE = 1
_LARGEST_PADDING = 4096
_TIMEOUT_S = 600


class ElfNote:
    """A program, a library or an object file."""

    name = "elf"

    def takes(self, path: str) -> bool:
        """Take what begins as ELF; a core dump is built by nobody."""
        if not os.path.isfile(path):
            return False
        with _opened(path) as file:
            start = file.read(18)
        kinds = (elffile.RELOCATABLE, elffile.EXECUTABLE, elffile.SHARED)
        return start[:4] == elffile.MAGIC and len(start) == 18 and {*start[16:]} - {0} <= {*kinds}

    def where(self, path: str) -> str:  # noqa: ARG002
        """The section."""
        return f"section {SECTION}"

    def write(self, path: str, info: BuildInfo) -> bool:
        """Add the note; False when it is the same already. Raises StampError, also without objcopy."""
        before, found = _parsed(path)
        if found == info:
            return False
        _refuse_what_would_be_lost(path, before)
        with tempfile.TemporaryDirectory(prefix="ci-reporter-") as folder:
            changed = _with_note(path, note(info, before.byte_order), folder)
            _check(path, before, info, changed)
            with _opened(changed) as source, atomic.replacing(path) as target:
                shutil.copyfileobj(source, target)
        return True

    def read(self, path: str) -> BuildInfo | None:
        """Read the note. Raises StampError."""
        return _parsed(path)[1]


def note(info: BuildInfo, byte_order: str) -> bytes:
    """The section's content: sizes and type, then name and content, each filled up to four bytes."""
    content = json.dumps(buildinfo.to_json(info), separators=(",", ":")).encode()
    head = struct.pack(f"{byte_order}III", len(_OWNER), len(content), _TYPE)
    return head + _OWNER + content + b"\0" * (-len(content) % 4)


def _parsed(path: str) -> tuple[elffile.Elf, BuildInfo | None]:
    try:
        with _opened(path) as file:
            elf = elffile.parse(file)
            section = elf.section(SECTION.encode())
            content = elffile.content(file, section) if section else None
    except ValueError as exc:
        raise StampError(f"{path}: {exc}") from exc
    return elf, _info(path, content, elf.byte_order) if content is not None else None


def _info(path: str, content: bytes, byte_order: str) -> BuildInfo:
    owner_at, start = 12, 12 + len(_OWNER)
    if len(content) < start or content[owner_at:start] != _OWNER:
        raise StampError(f"{path}: its section {SECTION} is no note of ours")
    size = struct.unpack_from(f"{byte_order}I", content, 4)[0]
    return infofile.decode(content[start : start + size], f"{path}, section {SECTION}")


def _refuse_what_would_be_lost(path: str, elf: elffile.Elf) -> None:
    """Objcopy writes only what the headers speak of: AppImages and PyInstaller's programs carry more behind it."""
    if not elf.sections:
        raise StampError(f"{path}: has no sections (packed, or stripped of them); {_beside(path)}")
    with _opened(path) as file:
        file.seek(elf.end)
        rest = file.read(_LARGEST_PADDING + 1)
    if len(rest) > _LARGEST_PADDING or rest.strip(b"\0"):
        raise StampError(
            f"{path}: holds data behind its end, as an AppImage does; objcopy would drop it; {_beside(path)}"
        )


def _with_note(path: str, content: bytes, folder: str) -> str:
    """A copy with the note in it, in `folder`."""
    section, changed = os.path.join(folder, "note"), os.path.join(folder, "changed")
    try:
        with open(section, "xb") as file:
            file.write(content)
    except OSError as exc:
        raise StampError(f"{path}: no room to stamp it in {folder}: {exc.strerror}") from exc
    # Updating a section would cost it its type in some versions of objcopy; a new one of this name is always a note.
    change = ["--remove-section", SECTION, "--add-section", f"{SECTION}={section}"]
    _objcopy(path, [*change, "--set-section-flags", f"{SECTION}=noload,readonly", "--", os.path.abspath(path), changed])
    return changed


def _objcopy(path: str, arguments: list[str]) -> None:
    try:
        done = subprocess.run(
            ["objcopy", *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        raise StampError(f"{path}: needs objcopy, of the package binutils; install it, or {_beside(path)}") from None
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise StampError(f"{path}: objcopy: {exc}; {_beside(path)}") from exc
    if done.returncode != 0:
        words = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise StampError(f"{path}: objcopy cannot change it: {words[:300]}; {_beside(path)}")


def _check(path: str, before: elffile.Elf, info: BuildInfo, changed: str) -> None:
    """Trust no tool with what people run."""
    after, found = _parsed(changed)
    if found != info or (after.loaded, after.entry, after.type) != (before.loaded, before.entry, before.type):
        raise StampError(f"{path}: objcopy would change what is loaded of it; {_beside(path)}")


def _beside(path: str) -> str:
    return f"keep the stamp beside it: ci-reporter stamp --emit json --out {Sidecar().where(path)}"


def _opened(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as exc:
        raise StampError(f"{path}: cannot be read: {exc.strerror}") from exc
