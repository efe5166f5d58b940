"""`build-info.json`: a BuildInfo as one flat JSON object, in an artifact or beside it. Unknown is left out."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ci_reporter.errors import ReportFileError
from ci_reporter.frozen import fields
from ci_reporter.model import BuildInfo
from ci_reporter.system.files import read_bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE_NAME = "build-info.json"
LARGEST = 64 * 1024  # bytes a file may have
LONGEST = 1000  # characters a value may have


def to_json(info: BuildInfo) -> dict[str, Any]:
    """What is known, by field name in the order of the fields."""
    return {key: value for key, value in vars(info).items() if value is not None}


def encode(info: BuildInfo) -> bytes:
    """The file's content: the same BuildInfo always gives the same bytes."""
    return (json.dumps(to_json(info), indent=2) + "\n").encode()


def from_json(found: Mapping[str, Any]) -> BuildInfo:
    """Read what `to_json` gave; other keys are passed over. Raises ValueError naming the key and its value."""
    known: dict[str, Any] = {}
    for name in fields(BuildInfo):
        value = found.get(name)
        wanted = bool if name == "dirty" else str
        if value is not None and (not isinstance(value, wanted) or len(str(value)) > LONGEST):
            raise ValueError(f"{name}: expected {'true or false' if wanted is bool else 'a text'}, got {value!r:.60}")
        known[name] = value
    return BuildInfo(**known)


def decode(content: bytes, name: str) -> BuildInfo:
    """Read a file's content. Raises ReportFileError naming `name` and what is wrong."""
    try:
        return from_json(parse(content, name))
    except ValueError as exc:
        raise ReportFileError(name, f"is not a build info: {exc}") from None


def parse(content: bytes, name: str) -> dict[str, Any]:
    """The JSON object in a file's content, with keys that are not ours. Raises ReportFileError."""
    if len(content) > LARGEST:
        raise ReportFileError(name, f"is larger than {LARGEST // 1024} KiB; ci-reporter did not write it")
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as exc:
        raise ReportFileError(name, f"is not a build info: {exc}") from None
    if not isinstance(found, dict):
        raise ReportFileError(name, "is not a build info: it is not a JSON object")
    return found


def read(path: str) -> BuildInfo:
    """Read a `build-info.json`. Raises ReportFileError, also where there is none."""
    try:
        return decode(read_bounded(path, LARGEST), path)
    except OSError as exc:
        raise ReportFileError(path, f"cannot be read: {exc.strerror}") from exc
