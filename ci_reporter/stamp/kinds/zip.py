"""Zip files: `build-info.json` in the archive's root."""

from __future__ import annotations

from ci_reporter import buildinfo
from ci_reporter.buildinfo import FILE_NAME, LARGEST
from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import infofile
from ci_reporter.stamp.zip import reader, writer
from ci_reporter.stamp.zip.reader import Archive

_SIGNATURE = ".signature.p7s"
# Documents that name each of their parts elsewhere (Office, OpenDocument, EPUB) would be broken by one more.
_DOCUMENTS = ("[Content_Types].xml", "mimetype")


class Zip:
    """A zip file of no kind that is known more closely."""

    name = "zip"

    def takes(self, path: str) -> bool:
        """Whether it is a zip file, and no document that only looks like one."""
        archive = reader.load(path)
        return archive is not None and not any(name in archive.by_name for name in _DOCUMENTS)

    def where(self, path: str) -> str:  # noqa: ARG002
        """In the root."""
        return FILE_NAME

    def write(self, path: str, info: BuildInfo) -> bool:
        """Store the file, at the end if there was none."""
        archive = archive_of(path)
        files = {FILE_NAME: buildinfo.encode(info)}
        if _SIGNATURE in archive.by_name and writer.differs(archive, files):
            raise StampError(f"{path}: is signed ({_SIGNATURE}); stamp it before it is signed")
        return writer.update(archive, files, info.build_time)

    def read(self, path: str) -> BuildInfo | None:
        """Read the file."""
        return stamp_at(archive_of(path), FILE_NAME)


def archive_of(path: str) -> Archive:
    """The zip file at `path`. Raises StampError, also where it is none any more."""
    archive = reader.load(path)
    if archive is None:
        raise StampError(f"{path}: is not a zip file")
    return archive


def stamp_at(archive: Archive, name: str) -> BuildInfo | None:
    """Read a `build-info.json` in the archive; None where there is none."""
    found = reader.content(archive, name, LARGEST)
    return infofile.decode(found, f"{archive.path}: {name}") if found is not None else None
