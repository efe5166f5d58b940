"""JARs and WARs: properties where Spring Boot's actuator finds them, and attributes of the manifest.

Source: Spring Boot's reference, "Production-ready Features, Application Information"; JAR File Specification.
"""

from __future__ import annotations

import re

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import manifest, properties, zipread, zipwrite
from ci_reporter.stamp.emit import settings
from ci_reporter.stamp.zip import archive_of
from ci_reporter.stamp.zipread import Archive

MANIFEST = "META-INF/MANIFEST.MF"
_PROPERTIES = "META-INF/build-info.properties"
_GIT = "git.properties"
_OURS = "# written by ci-reporter\n"
_GIT_NAMES = {"build.branch": "git.branch", "build.revision": "git.commit.id", "build.dirty": "git.dirty"}
_CLASSES = ("WEB-INF/classes/", "BOOT-INF/classes/")  # what is on the class path there, instead of the root
_SIGNATURE = re.compile(r"META-INF/(?:[^/]+\.(?:SF|RSA|DSA|EC)|SIG-[^/]+)", re.IGNORECASE)
_MOST = 1024 * 1024


class Jar:
    """A JAR, WAR or EAR: a zip file with a manifest."""

    name = "jar"

    def takes(self, path: str) -> bool:
        """Whether it is a zip file with `META-INF/MANIFEST.MF`."""
        archive = zipread.load(path)
        return archive is not None and MANIFEST in archive.by_name

    def where(self, path: str) -> str:
        """On the class path."""
        return _class_path(archive_of(path)) + _PROPERTIES

    def write(self, path: str, info: BuildInfo) -> bool:
        """Write the properties, and the manifest in its place: first, where readers that stream look for it."""
        archive = archive_of(path)
        _check_unsigned(archive)
        return zipwrite.update(archive, _files(archive, info), info.build_time)

    def read(self, path: str) -> BuildInfo | None:
        """Read the properties."""
        found = zipread.content(archive_of(path), self.where(path), _MOST)
        return properties.build_info(found) if found is not None else None


def _files(archive: Archive, info: BuildInfo) -> dict[str, bytes]:
    root = _class_path(archive)
    files = {
        MANIFEST: manifest.merged(_content(archive, MANIFEST), info),
        root + _PROPERTIES: properties.merged(_content(archive, root + _PROPERTIES), info),
    }
    git = _content(archive, root + _GIT)
    if not git or git.startswith(_OURS.encode()):  # else the build wrote it, and knows more
        files[root + _GIT] = _git(info)
    return files


def _content(archive: Archive, name: str) -> bytes:
    return zipread.content(archive, name, _MOST) or b""


def _git(info: BuildInfo) -> bytes:
    """What the actuator shows as `git`."""
    pairs = [line.partition("=") for line in settings.properties(info).splitlines()]
    lines = [f"{_GIT_NAMES[name]}={value}\n" for name, _, value in pairs if name in _GIT_NAMES]
    return (_OURS + "".join(lines)).encode()


def _class_path(archive: Archive) -> str:
    """The folder of the archive that Java finds its own resources in."""
    return next((each for each in _CLASSES if any(name.startswith(each) for name in archive.names)), "")


def _check_unsigned(archive: Archive) -> None:
    signature = next(filter(_SIGNATURE.fullmatch, archive.names), None)
    if signature:
        raise StampError(f"{archive.path}: is signed ({signature}), its manifest too; stamp it before it is signed")
