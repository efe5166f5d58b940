"""npm packages, as `npm pack` makes them: `package/build-info.json`, which is installed with the rest."""

from __future__ import annotations

import os

from ci_reporter.buildinfo import FILE_NAME
from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp.kinds import tar
from ci_reporter.stamp.tar import packing, reader
from ci_reporter.stamp.tar.survey import is_tar, survey

_FOLDER = "package/"


class Npm:
    """A tar file packed by gzip that holds `package/package.json`."""

    name = "npm"

    def takes(self, path: str) -> bool:
        """Whether everything in it is in `package`, its `package.json` too."""
        return os.path.isfile(path) and is_tar(path) and _holds_package(path)

    def where(self, path: str) -> str:  # noqa: ARG002
        """In its only folder."""
        return _FOLDER + FILE_NAME

    def write(self, path: str, info: BuildInfo) -> bool:
        """Put the file first."""
        return tar.write(survey(path), info)

    def read(self, path: str) -> BuildInfo | None:
        """Read the file."""
        return tar.read(survey(path))


def _holds_package(path: str) -> bool:
    """Read as far as it has to; what is damaged is for the one who stamps it to say."""
    try:
        with packing.unpack(path, "gz") as stream:
            for member in reader.members(stream, 0, lambda _: False):
                if not member.name.startswith(_FOLDER):
                    return False
                if member.name == f"{_FOLDER}package.json":
                    return survey(path).place == _FOLDER + FILE_NAME
    except StampError:
        pass
    return False
