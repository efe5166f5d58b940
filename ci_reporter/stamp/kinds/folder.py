"""Any folder: `build-info.json` in it."""

from __future__ import annotations

import os

from ci_reporter import buildinfo
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import infofile


class Folder:
    """A folder that is nothing more special."""

    name = "folder"

    def takes(self, path: str) -> bool:
        """Take every folder."""
        return os.path.isdir(path)

    def where(self, path: str) -> str:  # noqa: ARG002
        """The file in it."""
        return buildinfo.FILE_NAME

    def write(self, path: str, info: BuildInfo) -> bool:
        """Write the file; False when it is the same already. Raises StampError."""
        return infofile.write(os.path.join(path, buildinfo.FILE_NAME), info)

    def read(self, path: str) -> BuildInfo | None:
        """Read the file. Raises StampError."""
        return infofile.read(os.path.join(path, buildinfo.FILE_NAME))
