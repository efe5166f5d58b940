"""An OCI image layout in a folder: labels and annotations of each image, digests made new up to `index.json`.

Layers stay as they are. New blobs are written first, then `index.json` takes them over at once, then the old ones go.
"""

from __future__ import annotations

import os

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import atomic
from ci_reporter.stamp.oci import graph

MARKER = "oci-layout"
INDEX = "index.json"


class OciLayout:
    """A folder with `oci-layout` and `index.json`."""

    name = "oci"

    def takes(self, path: str) -> bool:
        """Take a folder that is marked as one."""
        return all(os.path.isfile(os.path.join(path, each)) for each in (MARKER, INDEX))

    def where(self, path: str) -> str:  # noqa: ARG002
        """What tools show of an image."""
        return "labels and annotations"

    def write(self, path: str, info: BuildInfo) -> bool:
        """Stamp every image in it; False when all are. Raises StampError."""
        try:
            after = graph.restamp(_index(path), lambda digest: _blob(path, digest), info)
        except StampError as exc:
            raise StampError(f"{path}: {exc}") from exc
        if after is None:
            return False
        for digest, content in after.blobs.items():
            atomic.write(_inside(path, blob_name(digest)), content)
        atomic.write(_inside(path, INDEX), after.index)
        for digest in sorted(after.gone):
            _remove(_inside(path, blob_name(digest)))
        return True

    def read(self, path: str) -> BuildInfo | None:
        """The stamp of the first image that has one. Raises StampError."""
        try:
            return graph.stamp_of(_index(path), lambda digest: _blob(path, digest))
        except StampError as exc:
            raise StampError(f"{path}: {exc}") from exc


def images(path: str) -> list[tuple[str, str]]:
    """Name and SHA-256 of each image of a layout, as a registry will know it. Raises StampError."""
    try:
        return graph.images(_index(path))
    except StampError as exc:
        raise StampError(f"{path}: {exc}") from exc


def blob_name(digest: str) -> str:
    """Where a layout keeps a blob."""
    return "blobs/" + digest.replace(":", "/")


def _index(path: str) -> bytes:
    return _content(path, INDEX)


def _blob(path: str, digest: str) -> bytes:
    return _content(path, blob_name(digest))


def _content(root: str, name: str) -> bytes:
    try:
        with open(_inside(root, name), "rb") as file:
            return file.read(graph.LARGEST_DOCUMENT + 1)
    except OSError as exc:
        raise StampError(f"{name} cannot be read: {exc.strerror}") from exc


def _inside(root: str, name: str) -> str:
    """The path of a file of the layout. Raises StampError for a link, which may lead out of it."""
    path = os.path.join(root, *name.split("/"))
    if os.path.realpath(path) != os.path.join(os.path.realpath(root), *name.split("/")):
        raise StampError(f"{name} is reached by a link; a stamp is written only where its artifact is")
    return path


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as exc:
        raise StampError(f"{path}: cannot be removed: {exc.strerror}") from exc
