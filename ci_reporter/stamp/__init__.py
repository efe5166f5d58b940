"""BuildInfo → artifact and back; one file a kind of artifact.

To add a kind: a file with a `Kind`, a line in `KINDS`, a test file, a line in the reference page.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ci_reporter import registry
from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Kind(Protocol):
        """A kind of artifact. Every method raises StampError for an artifact it may not or cannot touch."""

        name: str

        def takes(self, path: str) -> bool:
            """Whether `path` is of this kind, by its content first."""

        def where(self, path: str) -> str:
            """Where the stamp stands in it, for a person: `shop-1.0.dist-info/build-info.json`."""

        def write(self, path: str, info: BuildInfo) -> bool:
            """Stamp it; False when it has this stamp already, and not a byte or time of it changes."""

        def read(self, path: str) -> BuildInfo | None:
            """Its stamp; None when it has none."""


# Asked in this order: what is special before what is general, a file of any kind last.
KINDS: Mapping[str, str] = {
    "wheel": "ci_reporter.stamp.kinds.wheel:Wheel",
    "jar": "ci_reporter.stamp.kinds.jar:Jar",
    "npm": "ci_reporter.stamp.kinds.npm:Npm",
    "image-tar": "ci_reporter.stamp.kinds.imagetar:ImageTar",
    "oci": "ci_reporter.stamp.kinds.ocilayout:OciLayout",
    "tar": "ci_reporter.stamp.kinds.tar:Tar",
    "zip": "ci_reporter.stamp.kinds.zip:Zip",
    "site": "ci_reporter.stamp.kinds.site:Site",
    "folder": "ci_reporter.stamp.kinds.folder:Folder",
    "elf": "ci_reporter.stamp.kinds.elf:ElfNote",
    "sidecar": "ci_reporter.stamp.kinds.sidecar:Sidecar",
}
SIDECAR = "sidecar"


@dataclass(frozen=True, kw_only=True)
class Stamped:
    """What became of an artifact."""

    kind: str
    changed: bool
    where: str


def stamp(path: str, info: BuildInfo) -> Stamped:
    """Write `info` into the artifact. Raises StampError naming it and the reason."""
    kind = kind_of(path)
    where = kind.where(path)  # before the file changes, for which a packed tar would be read once more
    try:
        changed = kind.write(path, info)
    except OSError as exc:
        raise StampError(f"{path}: {exc.strerror or exc}") from exc
    return Stamped(kind=kind.name, changed=changed, where=where)


def inspect(path: str) -> tuple[str, BuildInfo] | None:
    """The kind of the artifact and its stamp; None when it has none. Raises StampError.

    What could hold a stamp and does not may have one beside it: its kind is "sidecar" then.
    """
    kind = kind_of(path)
    info = kind.read(path)
    if info is None and kind.name != SIDECAR and os.path.isfile(path):
        kind = _load(SIDECAR)
        info = kind.read(path)
    return (kind.name, info) if info else None


def kind_of(path: str) -> Kind:
    """The first kind that takes it. Raises StampError where there is nothing, or nothing that can be stamped."""
    if not os.path.exists(path):
        raise StampError(f"{path}: no such artifact")
    for name in KINDS:
        kind = _load(name)
        if kind.takes(path):
            return kind
    raise StampError(f"{path}: is neither a file nor a folder; there is nothing to stamp")


def _load(name: str) -> Kind:
    kind: Kind = registry.load("stamp", name, KINDS)()
    return kind
