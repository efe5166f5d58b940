"""The SHA-256 of what a job built, as a statement names its subjects."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence

from ci_reporter.errors import CIReporterError
from ci_reporter.stamp.kinds.ocilayout import OciLayout, images

_MOST_FILES = 10_000


def sha256_of(path: str) -> str:
    """The SHA-256 of a file of any size, in hex. Raises CIReporterError."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise CIReporterError(f"{path}: cannot be read: {exc.strerror}") from exc


def subjects(paths: Sequence[str]) -> dict[str, str]:
    """SHA-256 by name: of a file, of each file in a folder, of each image in an OCI layout. Raises CIReporterError."""
    digests: dict[str, str] = {}
    for path, name, digest in (found for each in paths for found in _subjects(each)):
        if digests.setdefault(name, digest) != digest:
            raise CIReporterError(f"{path}: another file of this statement is called {name!r} too (attest them apart)")
        if len(digests) > _MOST_FILES:
            raise CIReporterError(f"{path}: a statement takes at most {_MOST_FILES} files (attest an archive of them)")
    return digests


def _subjects(path: str) -> Iterator[tuple[str, str, str]]:
    """Path, name and SHA-256; a registry knows an image by its manifest's, whatever the files are that hold it."""
    if OciLayout().takes(path):
        base = os.path.basename(os.path.abspath(path))
        yield from ((path, f"{base}:{tag}" if tag else base, digest) for tag, digest in images(path))
        return
    for name, file in _files(path):
        yield file, name, sha256_of(file)


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
