"""Java properties: our lines in a file that may hold others. Source: java.util.Properties, `load(Reader)`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ci_reporter import buildinfo
from ci_reporter.frozen import fields
from ci_reporter.model import BuildInfo
from ci_reporter.stamp.emit import settings

_KEY = re.compile(r"[ \t\f]*((?:\\.|[^\\ \t\f=:])+)[ \t\f]*[=:]?[ \t\f]*", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_PREFIX = "build."


def merge(existing: bytes, info: BuildInfo) -> bytes:
    """The file with our properties at its end; lines that set others, and comments, stay as they are."""
    ours = settings.properties(info)
    names = set(_names().values())
    kept = [raw for raw, line in _lines(existing.decode("latin-1")) if not _sets(line, names)]
    if kept and not kept[-1].endswith(("\n", "\r")):
        kept.append("\n")
    return ("".join(kept) + ours).encode("latin-1")


def build_info(content: bytes) -> BuildInfo | None:
    """What the file says of the build; None where it says nothing. Raises ValueError for a value that is too long."""
    found = dict(_pairs(content.decode("latin-1")))
    known = {field: found[name] for field, name in _names().items() if name in found}
    dirty = {"true": True, "false": False}.get(known.pop("dirty", ""))
    info = buildinfo.from_json({**known, "dirty": dirty})
    return info if info != BuildInfo() else None


def _names() -> Mapping[str, str]:
    """Our properties' names by field: ci_run_id is `build.ci.run.id`, build_time is `build.time`."""
    return {field: _PREFIX + field.removeprefix("build_").replace("_", ".") for field in fields(BuildInfo)}


def _sets(line: str, names: set[str]) -> bool:
    return any(key in names for key, _ in _pairs(line))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for _, line in _lines(text):
        match = _KEY.match(line)
        if match and not line.lstrip(" \t\f").startswith(("#", "!")):
            yield _unescape(match[1]), _unescape(line[match.end() :])


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Each logical line, as it stands and joined: one that ends in an odd number of backslashes goes on."""
    raw = joined = ""
    for line in re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text):
        body = line.rstrip("\r\n")
        comment = not raw and body.lstrip(" \t\f").startswith(("#", "!"))
        goes_on = not comment and (len(body) - len(body.rstrip("\\"))) % 2 == 1
        raw, joined = raw + line, joined + (body[:-1] if goes_on else body).lstrip(" \t\f")
        if not goes_on:
            yield raw, joined
            raw = joined = ""
    if raw:  # it would go on with what is written behind it
        yield raw + "\n\n", joined


def _unescape(text: str) -> str:
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _CONTROL.get(found[2], found[2]), text)
    return plain.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")
