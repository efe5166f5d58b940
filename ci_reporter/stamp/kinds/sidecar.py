"""Any file: `NAME.build-info.json` beside it. The file itself stays as it is."""

from __future__ import annotations

import os

from ci_reporter import buildinfo
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import infofile


class Sidecar:
    """A file that nothing can be written into."""

    name = "sidecar"

    def takes(self, path: str) -> bool:
        """Take every file."""
        return os.path.isfile(path)

    def where(self, path: str) -> str:
        """The file beside it."""
        return f"{path}.{buildinfo.FILE_NAME}"

    def write(self, path: str, info: BuildInfo) -> bool:
        """Write the file beside it; False when it is the same already. Raises StampError."""
        return infofile.write(self.where(path), info)

    def read(self, path: str) -> BuildInfo | None:
        """Read the file beside it. Raises StampError."""
        return infofile.read(self.where(path))
