"""An image's documents, from the index by manifests to configs: stamped, with every digest above them made new.

Pure: documents come from a function and go into a `Restamped`. Formats: OCI image spec v1.1, Docker manifest v2.2.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp.oci import keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST_DOCUMENT = 4 * 1024**2  # what registries take for a manifest
_DEEPEST = 4
_MOST_DOCUMENTS = 1000
_CONFIGS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
_OF_DOCKER = "application/vnd.docker."
_NAME = "org.opencontainers.image.ref.name"
_ATTESTS = "vnd.docker.reference.type"

Read = Callable[[str], bytes]  # digest → content, of which at most LARGEST_DOCUMENT + 1 bytes


@dataclass(frozen=True, kw_only=True)
class Restamped:
    """New documents by digest, what each old digest became, and the old ones that nothing names any more."""

    index: bytes
    blobs: Mapping[str, bytes]
    moved: Mapping[str, str]
    gone: frozenset[str]


def restamp(index: bytes, read: Read, info: BuildInfo) -> Restamped | None:
    """Stamp every image that `index` names; None when all are. Raises StampError with the reason."""
    tree = parse(index, "index.json")
    work = _Work(read=read, info=info)
    after = work.index(tree, 0)
    if after == tree:
        return None
    if work.attached:
        raise StampError(
            f"holds a signature or an attestation ({work.attached[0]}) of what a stamp would change; stamp before "
            f"signing, build with --provenance=false --sbom=false, or give the labels to the build (--emit docker-args)"
        )
    gone = frozenset(work.moved) - work.layers - frozenset(work.blobs)
    return Restamped(index=dump(after), blobs=work.blobs, moved=work.moved, gone=gone)


def stamp_of(index: bytes, read: Read) -> BuildInfo | None:
    """The stamp of the first image that has one. Raises StampError."""
    seen = _Work(read=read, info=BuildInfo())
    seen.index(parse(index, "index.json"), 0)
    return next(filter(None, map(_info, seen.found)), None)


def images(index: bytes) -> list[tuple[str, str]]:
    """Name, empty where it has none, and SHA-256 of what `index` names. Raises StampError."""
    found = _objects(parse(index, "index.json"), "manifests")
    return [(_texts(each, "annotations").get(_NAME, ""), _digest(each).removeprefix("sha256:")) for each in found]


def info_of(config: Mapping[str, Any]) -> BuildInfo | None:
    """The stamp in an image's config. Raises StampError."""
    return _info(_labels(config))


def with_labels(config: Mapping[str, Any], info: BuildInfo) -> dict[str, Any]:
    """An image's config with the labels in it."""
    inner = _object(config, "config")
    return {**config, "config": {**inner, "Labels": keys.merge(_labels(config), info)}}


def parse(content: bytes, name: str) -> dict[str, Any]:
    """Read a document. Raises StampError for what is too large, no object, or says something twice."""
    if len(content) > LARGEST_DOCUMENT:
        raise StampError(f"{name} is larger than {LARGEST_DOCUMENT // 1024**2} MiB, the most that registries take")
    try:
        tree = json.loads(content, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as exc:
        raise StampError(f"{name} is not JSON: {exc}") from exc
    if not isinstance(tree, dict):
        raise StampError(f"{name} is not a JSON object")
    return tree


def dump(tree: Any) -> bytes:
    """The same tree always gives the same bytes."""
    return json.dumps(tree, separators=(",", ":")).encode()


def digest_of(content: bytes) -> str:
    """The name of a blob."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(kw_only=True)
class _Work:
    """One walk over the documents and what came of it."""

    read: Read
    info: BuildInfo
    blobs: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    layers: set[str] = field(default_factory=set)
    attached: list[str] = field(default_factory=list)
    found: list[dict[str, str]] = field(default_factory=list)
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)

    def index(self, tree: dict[str, Any], depth: int) -> dict[str, Any]:
        """An index with the new descriptors of its manifests."""
        if depth > _DEEPEST:
            raise StampError(f"its indexes are nested more than {_DEEPEST} deep")
        return {**tree, "manifests": [self._descriptor(each, depth) for each in _objects(tree, "manifests")]}

    def _descriptor(self, descriptor: dict[str, Any], depth: int) -> dict[str, Any]:
        """The new descriptor of an index or a manifest; of an attestation the old one."""
        digest = _digest(descriptor)
        if _ATTESTS in _texts(descriptor, "annotations"):
            self.attached.append(digest)
            return descriptor
        tree = self._document(digest)
        if "manifests" in tree:
            return self._new_descriptor(descriptor, tree, self.index(tree, depth + 1))
        if "subject" in tree or "signatures" in tree:
            self.attached.append(digest)
            return descriptor
        return self._new_descriptor(descriptor, tree, self._manifest(tree, _text(descriptor, "mediaType")))

    def _manifest(self, tree: dict[str, Any], media_type: str) -> dict[str, Any]:
        """A manifest with labels in its config and, where its format has them, annotations of its own."""
        described = _object(tree, "config")
        self.layers.update(_digest(each) for each in _objects(tree, "layers"))
        annotations, after = _texts(tree, "annotations"), dict(tree)
        if _text(described, "mediaType") in _CONFIGS:
            config = self._document(_digest(described))
            self.found.append(_labels(config))
            after["config"] = self._new_descriptor(described, config, with_labels(config, self.info))
        if not (_text(tree, "mediaType") or media_type).startswith(_OF_DOCKER):
            after["annotations"] = keys.merge(annotations, self.info)
        self.found.append(annotations)
        return after

    def _new_descriptor(self, descriptor: dict[str, Any], before: object, after: dict[str, Any]) -> dict[str, Any]:
        """The descriptor of a changed document, which becomes a new blob; a copy that was embedded in it goes."""
        if after == before:
            return descriptor
        content = dump(after)
        digest = digest_of(content)
        self.blobs[digest] = content
        self.moved[_digest(descriptor)] = digest
        plain = {key: value for key, value in descriptor.items() if key != "data"}
        return {**plain, "digest": digest, "size": len(content)}

    def _document(self, digest: str) -> dict[str, Any]:
        if digest not in self.seen:
            if len(self.seen) >= _MOST_DOCUMENTS:
                raise StampError(f"has more than {_MOST_DOCUMENTS} manifests and configs")
            content = self.read(digest)
            tree = parse(content, digest)
            if digest_of(content) != digest:
                raise StampError(f"{digest} is not what its digest says")
            self.seen[digest] = tree
        return self.seen[digest]


def _labels(config: Mapping[str, Any]) -> dict[str, str]:
    return _texts(_object(config, "config"), "Labels")


def _info(labels: Mapping[str, str]) -> BuildInfo | None:
    try:
        return keys.from_labels(labels)
    except ValueError as exc:
        raise StampError(f"its labels are not a stamp: {exc}") from exc


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def _digest(descriptor: Mapping[str, Any]) -> str:
    """The digest, which becomes a file's name: nothing but SHA-256 in hex."""
    found = _text(descriptor, "digest")
    algorithm, _, value = found.partition(":")
    if algorithm != "sha256" or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise StampError(f"names a blob by {found!r:.100}, which is not a sha256 digest")
    return found


def _text(tree: Mapping[str, Any], key: str) -> str:
    found = tree.get(key)
    return found if isinstance(found, str) else ""


def _object(tree: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = tree.get(key) or {}
    if not isinstance(found, dict):
        raise StampError(f"has a {key} that is not a JSON object")
    return found


def _objects(tree: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = tree.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise StampError(f"has {key} that are not a list of JSON objects")
    return found


def _texts(tree: Mapping[str, Any], key: str) -> dict[str, str]:
    found = _object(tree, key)
    if not all(isinstance(each, str) for each in found.values()):
        raise StampError(f"has {key} that are not texts")
    return found
