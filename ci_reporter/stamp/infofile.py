"""A `build-info.json` on disk: in a folder, or beside a file."""

from __future__ import annotations

import os

from ci_reporter import buildinfo
from ci_reporter.errors import ReportFileError, StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import atomic


def write(path: str, info: BuildInfo) -> bool:
    """Write the stamp; False when it stands there already. Raises StampError, also for a link, which may lead out."""
    if os.path.islink(path):
        raise StampError(f"{path}: is a link; a stamp is written only where its artifact is")
    return atomic.write(path, buildinfo.encode(info))


def read(path: str) -> BuildInfo | None:
    """Read the stamp; None where there is none. Raises StampError."""
    if not os.path.lexists(path):
        return None
    try:
        return buildinfo.read(path)
    except ReportFileError as exc:
        raise StampError(str(exc)) from exc


def decode(content: bytes, name: str) -> BuildInfo:
    """Read a stamp's content. Raises StampError naming `name`."""
    try:
        return buildinfo.decode(content, name)
    except ReportFileError as exc:
        raise StampError(str(exc)) from exc
