"""Tar files, sdists among them: `build-info.json` in the one folder they hold, else in their root.

The stamp is the first file, so that what follows is copied as it is packed.
"""

from __future__ import annotations

import tarfile

from ci_reporter import buildinfo
from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo, seconds_of
from ci_reporter.stamp import infofile
from ci_reporter.stamp.atomic import replacement
from ci_reporter.stamp.tar import packing, reader
from ci_reporter.stamp.tar.reader import Member
from ci_reporter.stamp.tar.streams import STREAMS
from ci_reporter.stamp.tar.survey import Survey, is_tar, readable, survey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_LATEST_S = 0o77777777777  # what eleven octal digits can say
_CHUNK = 1024 * 1024


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
    head, old = _start(found)
    new = head + _entry(found.place, content, info.build_time)
    stream = STREAMS[found.packing]
    with readable(found.path), replacement(found.path) as target, open(found.path, "rb") as source:
        try:
            if found.stamp and not (old and stream.begins_with(source, old)):
                _pack_anew(found, len(head), new, target)
            else:
                stream.put_first(source, old, new, target)
        except ValueError as exc:
            raise StampError(f"{found.path}: nothing can be written into it: {exc}") from exc
    return True


def _entry(name: str, content: bytes, build_time: str | None) -> bytes:
    """The file as a tar file holds it, of nobody, made when it was built."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mtime = min(max(int(seconds_of(build_time) or 0), 0), _LATEST_S)
    return entry.tobuf(tarfile.PAX_FORMAT) + content + bytes(-len(content) % reader.BLOCK)


def _start(found: Survey) -> tuple[bytes, bytes]:
    """What has to stay first, and the first bytes that are exchanged: as far as the stamp, where it stands there.

    A packed head cannot be told from what follows it, so it stays where it is, behind the stamp, and a copy of it comes
    first. Readers take the same settings twice for the same settings.
    """
    with packing.unpack(found.path, found.packing) as stream:
        head = reader.head(stream)
    if found.stamp and found.stamp.at == len(head):
        with packing.unpack(found.path, found.packing) as stream:
            return head, stream.read(found.stamp.end)
    return head, head if found.packing == "none" else b""


def _pack_anew(found: Survey, head_size: int, new: bytes, target: BinaryIO) -> None:
    """Write `new`, then all else but the head and the old stamp."""
    old = found.stamp or Member(name="", kind=b"", at=head_size, end=head_size)
    with (
        packing.unpack(found.path, found.packing) as stream,
        packing.packer(target, found.packing, found.path) as out,
    ):
        out.write(new)
        stream.skip(head_size)
        while stream.at < old.at:
            out.write(stream.read(min(_CHUNK, old.at - stream.at)))
        stream.skip(old.end - old.at)
        while block := stream.read(_CHUNK):
            out.write(block)
