"""Read through a tar file once, for what a stamp has to know: how it is packed, and where the stamp belongs."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from ci_reporter.buildinfo import FILE_NAME, LARGEST
from ci_reporter.errors import StampError
from ci_reporter.stamp.tar import packing, reader
from ci_reporter.stamp.tar.reader import Member

_OF_IMAGES = ("oci-layout", "index.json", "manifest.json")
_NAME = re.compile(r".*\.(?:tar\.\w+|t(?:gz|xz|bz2?|zst))", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a tar file holds, as far as a stamp has to know.

    `stamp`: the file in the stamp's place. `of_images`: the files in the root that tars of container images have.
    """

    path: str
    packing: str
    place: str
    stamp: Member | None
    of_images: frozenset[str] = frozenset()


def packing_of(path: str) -> str:
    """How the file is packed. Raises StampError where it cannot be read."""
    with readable(path), open(path, "rb") as file:
        return packing.packing_of(file.read(6))


def is_tar(path: str) -> bool:
    """Whether it is a tar file; the name counts where nothing can be unpacked, and `survey` says why."""
    if not os.path.isfile(path):
        return False
    how = packing_of(path)
    try:
        with readable(path), packing.unpack(path, how) as stream:
            return reader.is_header(stream.read(reader.BLOCK))
    except StampError:
        return bool(_NAME.fullmatch(os.path.basename(path)))


def survey(path: str) -> Survey:
    """Read through all of it. Raises StampError for what is damaged or hostile."""
    with readable(path):
        status = os.stat(path)
        return _survey(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(maxsize=1)
def _survey(path: str, identity: tuple[int, ...]) -> Survey:  # noqa: ARG001
    """Read it once for all that is asked about it."""
    how = packing_of(path)
    seen = _Seen()
    with packing.unpack(path, how) as stream:
        for member in reader.members(stream, LARGEST, _may_be_stamp):
            seen.add(member)
    place = f"{seen.folder}/{FILE_NAME}" if seen.folder else FILE_NAME
    stamp = _only(path, seen.stamps.get(place, []), seen.folder in seen.links)
    return Survey(
        path=path,
        packing=how,
        place=f"./{place}" if seen.dotted else place,
        stamp=stamp,
        of_images=frozenset(seen.of_images),
    )


@dataclass(kw_only=True)
class _Seen:
    """The members so far. `tops`: what is in the root, and whether it is a folder; of many the first two."""

    tops: dict[str, bool] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    stamps: dict[str, list[Member]] = field(default_factory=dict)
    of_images: set[str] = field(default_factory=set)
    dotted: bool = False

    def add(self, member: Member) -> None:
        if member.kind == reader.VOLUME_LABEL:
            return
        if member.path in _OF_IMAGES:
            self.of_images.add(member.path)
        top, _, rest = member.path.partition("/")
        self.dotted = self.dotted or member.name.startswith("./")
        if top and (top in self.tops or len(self.tops) < 2):
            self.tops[top] = self.tops.get(top, False) or bool(rest) or member.kind == b"5"
        if top in self.tops and member.is_link and not rest:
            self.links.add(top)
        if _may_be_stamp(member.name) and (top in self.tops or not rest):
            self.stamps[member.path] = [*self.stamps.get(member.path, [])[:1], member]

    @property
    def folder(self) -> str:
        """The only thing in the root, where it is a folder."""
        return next(iter(self.tops)) if len(self.tops) == 1 and all(self.tops.values()) else ""


def _may_be_stamp(name: str) -> bool:
    folder, _, last = reader.path_of(name).rpartition("/")
    return last == FILE_NAME and "/" not in folder


def _only(path: str, found: list[Member], through_link: bool) -> Member | None:
    if len(found) > 1:
        raise StampError(f"{path}: has {found[0].path} more than once, and it is not clear which one counts")
    if through_link or (found and found[0].is_link):
        raise StampError(f"{path}: the place of {FILE_NAME} is a link; nothing is written through links")
    return found[0] if found else None


@contextmanager
def readable(path: str) -> Iterator[None]:
    """Say of which file it is that it cannot be read. Raises StampError."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as exc:
        raise StampError(f"{path}: cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
