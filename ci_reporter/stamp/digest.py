"""The SHA-256 of what a job built, as a statement names its subjects."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence

from ci_reporter.errors import CIReporterError

_MOST_FILES = 10_000


def sha256_of(path: str) -> str:
    """The SHA-256 of a file of any size, in hex. Raises CIReporterError."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise CIReporterError(f"{path}: cannot be read: {exc.strerror}") from exc


def subjects(paths: Sequence[str]) -> dict[str, str]:
    """SHA-256 by name: of a file by its base name, of a folder each file in it. Raises CIReporterError."""
    digests: dict[str, str] = {}
    for name, path in (found for each in paths for found in _files(each)):
        digest = sha256_of(path)
        if digests.setdefault(name, digest) != digest:
            raise CIReporterError(f"{path}: another file of this statement is called {name!r} too (attest them apart)")
        if len(digests) > _MOST_FILES:
            raise CIReporterError(f"{path}: a statement takes at most {_MOST_FILES} files (attest an archive of them)")
    return digests


def _files(path: str) -> Iterator[tuple[str, str]]:
    """Name and path of each file; links are not followed out of a folder."""
    if not os.path.isdir(path):
        yield os.path.basename(path), path
        return
    root = os.path.abspath(path)
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            whole = os.path.join(folder, name)
            if not os.path.islink(whole) and os.path.isfile(whole):
                yield os.path.relpath(whole, os.path.dirname(root)).replace(os.sep, "/"), whole
