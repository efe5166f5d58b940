"""A tar of an image: what `docker save` writes, or a tar of an OCI layout; newer versions of Docker write both in one.

Layers are copied as they are. In a `docker save` each config is named by its digest, so it gets a new name. A tar that
is packed (`docker save | gzip`), which `docker load` takes too, is unpacked into a temporary file and packed anew.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import atomic
from ci_reporter.stamp.kinds.ocilayout import INDEX, MARKER, blob_name
from ci_reporter.stamp.oci import graph
from ci_reporter.stamp.tar import packing, parts, reader
from ci_reporter.stamp.tar.survey import is_tar, packing_of, readable, survey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    Changes = dict[str, list[tuple[str, bytes]]]

_SAVED = "manifest.json"
_CHUNK = 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


class ImageTar:
    """A tar of images, plain or packed by gzip, xz, bzip2 or Zstandard."""

    name = "image-tar"

    def takes(self, path: str) -> bool:
        """Take a tar that holds `oci-layout`, or the `manifest.json` of `docker save`."""
        if not os.path.isfile(path):
            return False
        try:
            return _holds_images(path) if packing_of(path) == "none" else _holds_packed_images(path)
        except (OSError, StampError):
            return False  # whoever reads any tar says what is wrong with this one

    def where(self, path: str) -> str:  # noqa: ARG002
        """What tools show of an image."""
        return "labels and annotations"

    def write(self, path: str, info: BuildInfo) -> bool:
        """Stamp every image in it; False when all are. Raises StampError."""
        how = packing_of(path)
        with _plain_tar(path, how) as file, _errors_of(path):
            found = parts.parts(file)
            if found.odd:
                raise StampError(found.odd)
            changes = _changes(file, found, info)
            if changes:
                with atomic.replacement(path) as target, packing.packer(target, how, path) as out:
                    parts.exchange(file, found, changes, out)
        return bool(changes)

    def read(self, path: str) -> BuildInfo | None:
        """The stamp of the first image that has one. Raises StampError."""
        with _plain_tar(path, packing_of(path)) as file, _errors_of(path):
            found = parts.parts(file)
            if INDEX in found.files():
                return graph.stamp_of(_content(file, found, INDEX), _blobs(file, found))
            configs = (_config(file, found, each) for each in _docker_images(file, found))
            return next(filter(None, map(graph.info_of, configs)), None)


def _holds_images(path: str) -> bool:
    with open(path, "rb") as file:
        if not parts.is_tar(file):
            return False
        reader.check(path)
        found = parts.parts(file)
        return {MARKER, INDEX} <= found.files() or bool(_docker_images(file, found))


def _holds_packed_images(path: str) -> bool:
    """Told by the names of its files, in one pass; any tar file may hold a `manifest.json`, so that is read, too."""
    if not is_tar(path):
        return False
    found = survey(path)
    if {MARKER, INDEX} <= found.of_images:
        return True
    return _SAVED in found.of_images and bool(_images(_packed_manifest(path, found.packing)))


def _packed_manifest(path: str, how: str) -> bytes:
    def is_saved(name: str) -> bool:
        return reader.path_of(name) == _SAVED

    with packing.unpack(path, how) as stream:
        members = reader.members(stream, graph.LARGEST_DOCUMENT, is_saved)
        return next((each.content for each in members if each.content is not None), b"")


@contextmanager
def _plain_tar(path: str, how: str) -> Iterator[BinaryIO]:
    """The tar as a file to seek in. One that is packed goes into a file without a name, which nobody has to remove."""
    if how == "none":
        with readable(path), open(path, "rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as copy:
        with readable(path), packing.unpack(path, how) as stream:
            while block := stream.read(_CHUNK):
                _write(copy, block, path)
        yield copy


def _write(copy: BinaryIO, block: bytes, path: str) -> None:
    try:
        copy.write(block)
    except OSError as exc:
        raise StampError(
            f"{path}: cannot be unpacked in {tempfile.gettempdir()}: {exc.strerror}; TMPDIR names another folder"
        ) from exc


def _changes(file: BinaryIO, found: parts.Parts, info: BuildInfo) -> Changes:
    """What comes instead of which entry; an entry that goes has nothing."""
    changes: Changes = {}
    if INDEX in found.files() and MARKER in found.files():
        changes |= _layout_changes(file, found, info)
    saved = _docker_images(file, found)
    renamed: dict[str, str] = {}
    for old in sorted({_text(each, "Config") for each in saved}):
        config = _config(file, found, {"Config": old})
        after = graph.with_labels(config, info)
        if after == config:
            continue
        content = graph.dump(after)
        renamed[old] = _new_name(old, content)
        changes.setdefault(old, [(renamed[old], content)])
    if renamed:
        after_saved = [{**each, "Config": renamed.get(_text(each, "Config"), each.get("Config"))} for each in saved]
        changes[_SAVED] = [(_SAVED, graph.dump(after_saved))]
    return _unique(changes, found)


def _layout_changes(file: BinaryIO, found: parts.Parts, info: BuildInfo) -> Changes:
    after = graph.restamp(_content(file, found, INDEX), _blobs(file, found), info)
    if after is None:
        return {}
    changes: Changes = {INDEX: [(INDEX, after.index)]}
    for old, new in after.moved.items():
        kept = [] if old in after.gone else [(blob_name(old), _blobs(file, found)(old))]
        changes[blob_name(old)] = [*kept, (blob_name(new), after.blobs[new])]
    return changes


def _unique(changes: Changes, found: parts.Parts) -> Changes:
    """No name twice: two old documents may have become one, or one that is there already."""
    written = set(found.entries) - set(changes)
    for old in sorted(changes, key=lambda each: found.entries[each].offset):
        entries = [each for each in changes[old] if each[0] not in written]
        written.update(name for name, _ in entries)
        changes[old] = entries
    return changes


def _new_name(old: str, content: bytes) -> str:
    """`<digest>.json` and `blobs/sha256/<digest>` with the new digest; any other name stays."""
    return _DIGEST.sub(graph.digest_of(content).removeprefix("sha256:"), old, count=1)


def _docker_images(file: BinaryIO, found: parts.Parts) -> list[dict[str, Any]]:
    """The images that a `docker save` lists; none where the file of this name is something else's."""
    if _SAVED not in found.files():
        return []
    content = found.content(file, _SAVED, graph.LARGEST_DOCUMENT + 1)
    if len(content) > graph.LARGEST_DOCUMENT:
        raise StampError(f"{_SAVED} is larger than {graph.LARGEST_DOCUMENT // 1024**2} MiB, more than docker writes")
    return _images(content)


def _images(content: bytes) -> list[dict[str, Any]]:
    try:
        listed = json.loads(content)
    except (ValueError, RecursionError):
        return []
    images = listed if isinstance(listed, list) else []
    ours = all(isinstance(each, dict) and {"Config", "Layers"} <= set(each) for each in images)
    return images if ours else []


def _config(file: BinaryIO, found: parts.Parts, image: Mapping[str, Any]) -> dict[str, Any]:
    name = _text(image, "Config")
    content = _content(file, found, name)
    named = _DIGEST.search(name)
    if named and graph.digest_of(content) != f"sha256:{named[0]}":
        raise StampError(f"{name} is not what its digest says")
    return graph.parse(content, name)


def _text(image: Mapping[str, Any], key: str) -> str:
    found = image.get(key)
    if not isinstance(found, str):
        raise StampError(f"{_SAVED} has a {key} that is not a text")
    return found


def _blobs(file: BinaryIO, found: parts.Parts) -> Callable[[str], bytes]:
    return lambda digest: _content(file, found, blob_name(digest))


def _content(file: BinaryIO, found: parts.Parts, name: str) -> bytes:
    return found.content(file, name, graph.LARGEST_DOCUMENT + 1)


@contextmanager
def _errors_of(path: str) -> Iterator[None]:
    """Say of this path what is wrong with what it holds."""
    try:
        yield
    except StampError as exc:
        raise exc if str(exc).startswith(path) else StampError(f"{path}: {exc}") from exc
    except OSError as exc:
        raise StampError(f"{path}: cannot be read: {exc.strerror}") from exc
