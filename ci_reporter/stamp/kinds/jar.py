"""JARs and WARs: properties where Spring Boot's actuator finds them, the manifest's attributes for everybody else.

Source: Spring Boot's reference, "Production-ready Features, Application Information"; JAR File Specification.
"""

from __future__ import annotations

import re

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp.emit import settings
from ci_reporter.stamp.java import manifest, properties
from ci_reporter.stamp.kinds.zip import archive_of
from ci_reporter.stamp.zip import reader, writer
from ci_reporter.stamp.zip.reader import Archive

MANIFEST = "META-INF/MANIFEST.MF"
_PROPERTIES = "META-INF/build-info.properties"
_GIT = "git.properties"
_OURS = "# written by ci-reporter\n"
_GIT_NAMES = {"build.branch": "git.branch", "build.revision": "git.commit.id", "build.dirty": "git.dirty"}
_WEB, _BOOT = "WEB-INF/classes/", "BOOT-INF/classes/"
_SIGNATURE = re.compile(r"META-INF/(?:[^/]+\.(?:SF|RSA|DSA|EC)|SIG-[^/]+)", re.IGNORECASE)
_MOST = 1024 * 1024


class Jar:
    """A JAR, WAR or EAR: a zip file with a manifest."""

    name = "jar"

    def takes(self, path: str) -> bool:
        """Whether it is a zip file with `META-INF/MANIFEST.MF`."""
        archive = reader.load(path)
        return archive is not None and MANIFEST in archive.by_name

    def where(self, path: str) -> str:
        """On the class path."""
        return _place(archive_of(path), _PROPERTIES)

    def write(self, path: str, info: BuildInfo) -> bool:
        """Write the properties, and the manifest in its place: first, where readers that stream look for it."""
        archive = archive_of(path)
        files = _files(archive, info)
        if not writer.differs(archive, files):
            return False
        _check_unsigned(archive)
        return writer.update(archive, files, info.build_time)

    def read(self, path: str) -> BuildInfo | None:
        """Read the properties."""
        archive = archive_of(path)
        found = reader.content(archive, _place(archive, _PROPERTIES), _MOST)
        try:
            return properties.build_info(found) if found is not None else None
        except ValueError as exc:
            raise StampError(f"{path}: {_place(archive, _PROPERTIES)} is not a build info: {exc}") from exc


def _files(archive: Archive, info: BuildInfo) -> dict[str, bytes]:
    place, git_place = _place(archive, _PROPERTIES), _place(archive, _GIT)
    files = {place: properties.merge(_content(archive, place), info)}
    before = _content(archive, MANIFEST)
    if not manifest.holds(before, info):  # `jar` and `jarsigner` write the same attributes in another order
        files[MANIFEST] = manifest.merge(before, info)
    git = _content(archive, git_place)
    if not git or git.startswith(_OURS.encode()):  # else the build wrote it, and knows more
        files[git_place] = _git(info)
    return files


def _content(archive: Archive, name: str) -> bytes:
    return reader.content(archive, name, _MOST) or b""


def _git(info: BuildInfo) -> bytes:
    """What the actuator shows as `git`."""
    known = BuildInfo(branch=info.branch, revision=info.revision, dirty=info.dirty)
    pairs = (line.partition("=") for line in settings.properties(known).splitlines())
    return (_OURS + "".join(f"{_GIT_NAMES[name]}={value}\n" for name, _, value in pairs)).encode()


def _place(archive: Archive, name: str) -> str:
    """Where it is, else where Java finds its own resources: of an executable JAR the root is on the class path too."""
    web = any(each.startswith(_WEB) for each in archive.names)
    places = [root + name for root in ((_WEB, "") if web else ("", _BOOT))]
    return next((each for each in places if each in archive.by_name), places[0])


def _check_unsigned(archive: Archive) -> None:
    signature = next(filter(_SIGNATURE.fullmatch, archive.names), None)
    if signature:
        raise StampError(
            f"{archive.path}: is signed ({signature}), and its manifest with it; stamp it before it is signed"
        )
