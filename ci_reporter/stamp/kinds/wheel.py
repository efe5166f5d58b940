"""Wheels: `build-info.json` in the `.dist-info` folder, and its line in RECORD.

Source: Python's "Binary distribution format" and "Recording installed projects".
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io

from ci_reporter import buildinfo
from ci_reporter.buildinfo import FILE_NAME
from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp.kinds.zip import archive_of, stamp_at
from ci_reporter.stamp.zip import reader, writer
from ci_reporter.stamp.zip.reader import Archive

_LARGEST_RECORD = 64 * 1024 * 1024
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")


class Wheel:
    """A Python wheel."""

    name = "wheel"

    def takes(self, path: str) -> bool:
        """Whether it is a zip file with a `.dist-info/WHEEL`."""
        archive = reader.load(path)
        return archive is not None and bool(_metadata_folders(archive))

    def where(self, path: str) -> str:
        """In the metadata folder."""
        return f"{_metadata_folder(archive_of(path))}/{FILE_NAME}"

    def write(self, path: str, info: BuildInfo) -> bool:
        """Store the file and its line in RECORD, so that pip installs it and finds it intact."""
        archive = archive_of(path)
        folder = _metadata_folder(archive)
        record = reader.content(archive, f"{folder}/RECORD", _LARGEST_RECORD)
        if record is None:
            raise StampError(f"{path}: has no {folder}/RECORD, so it cannot be installed")
        place, content = f"{folder}/{FILE_NAME}", buildinfo.encode(info)
        files = {place: content, f"{folder}/RECORD": record_with(record, place, content, path)}
        if writer.differs(archive, files):
            _check_unsigned(archive, folder)
        return writer.update(archive, files, info.build_time)

    def read(self, path: str) -> BuildInfo | None:
        """Read the file in the metadata folder."""
        return stamp_at(archive_of(path), self.where(path))


def _check_unsigned(archive: Archive, folder: str) -> None:
    for signature in _SIGNATURES:
        if f"{folder}/{signature}" in archive.by_name:
            raise StampError(f"{archive.path}: is signed ({signature}); stamp it before it is signed")


def record_with(record: bytes, place: str, content: bytes, path: str) -> bytes:
    """RECORD with the line of `place`: instead of the one it had, else before RECORD's own; other lines as they are."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow([place, f"sha256={digest}", len(content)])
    try:
        lines = record.decode().splitlines(keepends=True)
    except UnicodeDecodeError as exc:
        raise StampError(f"{path}: RECORD is not UTF-8; the wheel is damaged") from exc
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    names = [next(csv.reader([line]), [""])[0] for line in lines]
    own = f"{place.rpartition('/')[0]}/RECORD"
    if place in names:
        lines[names.index(place)] = row.getvalue() + end
    elif own in names:
        lines.insert(names.index(own), row.getvalue() + end)
    else:
        lines += [*([end] if lines and not lines[-1].endswith("\n") else []), row.getvalue() + end]
    return "".join(lines).encode()


def _metadata_folder(archive: Archive) -> str:
    folders = _metadata_folders(archive)
    if len(folders) != 1:
        raise StampError(f"{archive.path}: has {len(folders)} .dist-info folders; a wheel has one")
    return folders[0]


def _metadata_folders(archive: Archive) -> list[str]:
    return sorted(
        {
            name.partition("/")[0]
            for name in archive.by_name
            if name.endswith(".dist-info/WHEEL") and name.count("/") == 1
        }
    )
