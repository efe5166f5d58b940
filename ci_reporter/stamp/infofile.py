"""A `build-info.json` on disk: in a folder, or beside a file."""

from __future__ import annotations

import os

from ci_reporter import buildinfo
from ci_reporter.errors import ReportFileError, StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def write(path: str, info: BuildInfo) -> bool:
    """Write the stamp; False when it is there already. Raises StampError, also for a link, which may lead elsewhere."""
    return write_content(path, buildinfo.encode(info))


def write_content(path: str, content: bytes) -> bool:
    """The same for a stamp that says more than the build info."""
    if os.path.islink(path):
        raise StampError(f"{path}: is a link; a stamp is written only where its artifact is")
    return atomic.write(path, content)


def read(path: str) -> BuildInfo | None:
    """Read the stamp; None where there is none. Raises StampError."""
    content = read_content(path)
    return decode(content, path) if content is not None else None


def read_content(path: str) -> bytes | None:
    """At most one byte more than a stamp may have; None where there is no file. Raises StampError."""
    if not os.path.lexists(path):
        return None
    try:
        with open(path, "rb") as file:
            return file.read(buildinfo.LARGEST + 1)
    except OSError as exc:
        raise StampError(f"{path}: cannot be read: {exc.strerror}") from exc


def parse(content: bytes, name: str) -> dict[str, Any]:
    """The JSON object that a stamp is. Raises StampError naming `name`."""
    try:
        return buildinfo.parse(content, name)
    except ReportFileError as exc:
        raise StampError(str(exc)) from exc


def decode(content: bytes, name: str) -> BuildInfo:
    """Read a stamp's content. Raises StampError naming `name`."""
    try:
        return buildinfo.decode(content, name)
    except ReportFileError as exc:
        raise StampError(str(exc)) from exc
