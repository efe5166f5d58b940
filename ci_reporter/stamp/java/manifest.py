"""A JAR's manifest: attributes of its main section. Source: JAR File Specification, "JAR Manifest"."""

from __future__ import annotations

import re

from ci_reporter.model import BuildInfo
from ci_reporter.stamp.names import one_line, texts

_LONGEST_LINE = 72
_ATTRIBUTES = {
    "version": "Implementation-Version",
    "revision": "Build-Revision",
    "branch": "Build-Branch",
    "dirty": "Build-Dirty",
    "build_time": "Build-Time",
    "builder": "Build-Builder",
    "ci_run_id": "CI-Run-Id",
    "run_url": "CI-Run-URL",
    "repository_url": "Build-Repository-URL",
}
_ATTRIBUTE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)(?: [^\r\n]*(?:\r\n|\n|\r|\Z))*")
_SECTION_END = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?=[\r\n])|\Z")


def holds(manifest: bytes, info: BuildInfo) -> bool:
    """Whether its main section has our attributes, in whatever order, and none of an earlier stamp."""
    main = _parts(manifest)[0]
    found = {}
    for line in _ATTRIBUTE.findall(main):
        name, _, value = line.replace(b"\r", b"").replace(b"\n ", b"").rstrip(b"\n").partition(b": ")
        found[name.lower()] = value
    ours = {_ATTRIBUTES[field].lower().encode(): one_line(text).encode() for field, text in texts(info).items()}
    return {name: found[name] for name in _names(info) if name in found} == ours


def merge(manifest: bytes, info: BuildInfo) -> bytes:
    """The manifest with our attributes at the end of its main section; all else is as it was."""
    end = b"\r\n" if b"\r\n" in manifest else b"\n"
    main, rest = _parts(manifest)
    ours = _names(info)
    kept = [line for line in _ATTRIBUTE.findall(main) if line.strip() and line.partition(b":")[0].lower() not in ours]
    lines = [line.rstrip(b"\r\n") + end for line in kept or [b"Manifest-Version: 1.0"]]
    lines += [_fold(f"{_ATTRIBUTES[field]}: {one_line(text)}", end) for field, text in texts(info).items()]
    return b"".join(lines) + (rest or end)


def _parts(manifest: bytes) -> tuple[bytes, bytes]:
    """The main section, and what follows it."""
    stop = _SECTION_END.search(manifest)
    return (manifest[: stop.start()], manifest[stop.end() :]) if stop else (manifest, b"")


def _names(info: BuildInfo) -> set[bytes]:
    """The names of our attributes in small letters; without a version of ours, the build's own stays."""
    return {name.lower().encode() for field, name in _ATTRIBUTES.items() if field != "version" or info.version}


def _fold(line: str, end: bytes) -> bytes:
    """At most 72 bytes a line; the next ones begin with a space, and no character is torn."""
    lines, now = [], b""
    for char in line:
        raw = char.encode()
        if len(now) + len(raw) > _LONGEST_LINE - len(end):
            lines.append(now)
            now = b" "
        now += raw
    return b"".join(each + end for each in [*lines, now])
