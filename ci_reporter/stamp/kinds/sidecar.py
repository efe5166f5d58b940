"""Any file: `NAME.build-info.json` beside it. The file itself stays as it is.

The sidecar also has the size and the SHA-256 of the file, so that it is not taken for the stamp of another file of that
name: of the next build, or of one that was downloaded again.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from ci_reporter import buildinfo
from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import infofile
from ci_reporter.stamp.digest import sha256_of

_SUFFIX = f".{buildinfo.FILE_NAME}"
_SIZE, _SHA256 = "size", "sha256"


class Sidecar:
    """A file that nothing can be written into."""

    name = "sidecar"

    def takes(self, path: str) -> bool:
        """Take every file."""
        return os.path.isfile(path)

    def where(self, path: str) -> str:
        """The file beside it."""
        return path + _SUFFIX

    def write(self, path: str, info: BuildInfo) -> bool:
        """Write the file beside it; False when it is the same already. Raises StampError."""
        identity = {_SIZE: os.path.getsize(path), _SHA256: sha256_of(path)}
        content = json.dumps(buildinfo.to_json(info) | identity, indent=2) + "\n"
        return infofile.write_content(self.where(path), content.encode())

    def read(self, path: str) -> BuildInfo | None:
        """Read the file beside it. Raises StampError, also where it is that of another file."""
        found = _load(self.where(path))
        if found is None:
            return None
        _check(path, found)
        return found.info


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    """What a sidecar says. Without size and digest it was not written by `stamp`, or by an early version of it."""

    path: str
    info: BuildInfo
    size: int | None
    sha256: str | None


def is_unbound(path: str) -> bool:
    """Whether the sidecar of this file does not say which file it belongs to."""
    found = _load(path + _SUFFIX)
    return found is not None and found.sha256 is None


def artifact_of(path: str) -> str | None:
    """The artifact that this file is the stamp of: a file, or for `build-info.json` the folder; None for no stamp."""
    name = os.path.basename(path)
    if os.path.islink(path) or not os.path.isfile(path) or not name.endswith(buildinfo.FILE_NAME):
        return None
    artifact = os.path.dirname(os.path.abspath(path)) if name == buildinfo.FILE_NAME else path.removesuffix(_SUFFIX)
    try:
        found = _load(path)
    except StampError:
        return None
    return artifact if found and found.info != BuildInfo() and os.path.exists(artifact) else None


def _load(path: str) -> _Loaded | None:
    content = infofile.read_content(path)
    if content is None:
        return None
    found = infofile.parse(content, path)
    size, sha256 = found.get(_SIZE), found.get(_SHA256)
    if (size is None) != (sha256 is None) or not isinstance(size, int | None) or not isinstance(sha256, str | None):
        raise StampError(f"{path}: its {_SIZE} and {_SHA256} are not those of a file; stamp the file again")
    return _Loaded(path=path, info=infofile.decode(content, path), size=size, sha256=sha256)


def _check(path: str, found: _Loaded) -> None:
    """Raise StampError where the sidecar is that of other bytes."""
    if found.sha256 is None:
        return
    size = os.path.getsize(path)
    if size != found.size:
        difference = f"the stamped file had {found.size} bytes, this one has {size}"
    elif (digest := sha256_of(path)) != found.sha256:
        difference = f"the stamped file's SHA-256 was {found.sha256:.12}…, this one's is {digest:.12}…"
    else:
        return
    raise StampError(
        f"{path}: is not the file that {found.path} was written for: {difference} "
        f"(get the file that was stamped, or stamp this one)"
    )
