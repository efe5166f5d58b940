"""Tar files, sdists among them: `build-info.json` in the one folder they hold, else in their root.

The stamp is the first file, so that what follows is copied as it is packed.
"""

from __future__ import annotations

import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from ci_reporter import buildinfo
from ci_reporter.buildinfo import FILE_NAME
from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo, seconds_of
from ci_reporter.stamp import infofile
from ci_reporter.stamp.atomic import replacing
from ci_reporter.stamp.tar import packing, reader
from ci_reporter.stamp.tar.reader import Member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_MOST = 64 * 1024
_LATEST_S = 0o77777777777
_NAME = re.compile(r".*\.(?:tar\.\w+|t(?:gz|xz|bz2?|zst))", re.IGNORECASE)


class Tar:
    """A tar file, plain or packed by gzip, xz, bzip2 or Zstandard."""

    name = "tar"

    def takes(self, path: str) -> bool:
        """Whether it begins with a tar header, once it is unpacked."""
        return is_tar(path)

    def where(self, path: str) -> str:
        """In the one folder, else in the root."""
        return survey(path).place

    def write(self, path: str, info: BuildInfo) -> bool:
        """Put the file first; one that is elsewhere is taken out, for which alone the rest is packed anew."""
        return write(survey(path), info)

    def read(self, path: str) -> BuildInfo | None:
        """Read the file."""
        return read(survey(path))


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a tar file holds, as far as a stamp has to know. `stamp`: the file in the stamp's place."""

    path: str
    packing: str
    place: str
    stamp: Member | None


def is_tar(path: str) -> bool:
    """Whether it is a tar file; the name counts where nothing can be unpacked, and `survey` says why."""
    if not os.path.isfile(path):
        return False
    with _readable(path), open(path, "rb") as file:
        how = packing.packing_of(file.read(6))
    try:
        with _readable(path), packing.unpacked(path, how) as stream:
            return reader.is_header(stream.read(reader.BLOCK))
    except StampError:
        return bool(_NAME.fullmatch(os.path.basename(path)))


def survey(path: str) -> Survey:
    """Read through all of it. Raises StampError for what is damaged or hostile."""
    with _readable(path):
        status = os.stat(path)
        return _survey(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(maxsize=1)
def _survey(path: str, identity: tuple[int, ...]) -> Survey:  # noqa: ARG001
    """Read it once for all that is asked about it."""
    with open(path, "rb") as file:
        how = packing.packing_of(file.read(6))
    seen = _Seen()
    with packing.unpacked(path, how) as stream:
        for member in reader.members(stream, _MOST, _may_be_stamp):
            seen.add(member)
    place = f"{seen.folder}/{FILE_NAME}" if seen.folder else FILE_NAME
    stamp = _only(path, seen.stamps.get(place, []), seen.folder in seen.links)
    return Survey(path=path, packing=how, place=f"./{place}" if seen.dotted else place, stamp=stamp)


@dataclass(kw_only=True)
class _Seen:
    """The members so far. `tops`: what is in the root, and whether it is a folder; of many the first two."""

    tops: dict[str, bool] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    stamps: dict[str, list[Member]] = field(default_factory=dict)
    dotted: bool = False

    def add(self, member: Member) -> None:
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
        raise StampError(f"{path}: has {found[0].path} more than once; which one counts, nobody can say")
    if through_link or (found and found[0].is_link):
        raise StampError(f"{path}: the place of {FILE_NAME} is a link; nothing is written through links")
    return found[0] if found else None


def read(found: Survey) -> BuildInfo | None:
    """The stamp; None where there is none."""
    if found.stamp is None:
        return None
    return infofile.decode(found.stamp.content or b"", f"{found.path}: {found.place}")


def write(found: Survey, info: BuildInfo) -> bool:
    """Write the stamp; False when it is there already."""
    content = buildinfo.encode(info)
    if found.stamp and found.stamp.content == content:
        return False
    new = _entry(found.place, content, info.build_time)
    with _readable(found.path), replacing(found.path) as target, open(found.path, "rb") as source:
        old = _first(found)
        if found.stamp and not (old and packing.begins_with(source, old, found.packing)):
            _pack_anew(found, found.stamp, new, target)
        else:
            packing.put_before(source, old, new, found.packing, target)
    return True


def _entry(name: str, content: bytes, build_time: str | None) -> bytes:
    """The file as a tar file holds it, of nobody, made when it was built."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mtime = min(max(int(seconds_of(build_time) or 0), 0), _LATEST_S)
    return entry.tobuf(tarfile.PAX_FORMAT) + content + bytes(-len(content) % reader.BLOCK)


def _first(found: Survey) -> bytes:
    """The stamp as it stands, where it is what the file begins with."""
    if found.stamp is None or found.stamp.at:
        return b""
    with packing.unpacked(found.path, found.packing) as stream:
        return stream.read(found.stamp.end)


def _pack_anew(found: Survey, old: Member, new: bytes, target: BinaryIO) -> None:
    with (
        packing.unpacked(found.path, found.packing) as stream,
        packing.packer(target, found.packing, found.path) as out,
    ):
        out.write(new)
        while stream.at < old.at:
            out.write(stream.read(min(1024 * 1024, old.at - stream.at)))
        stream.skip(old.end - old.at)
        while block := stream.read(1024 * 1024):
            out.write(block)


@contextmanager
def _readable(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as exc:
        raise StampError(f"{path}: cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
