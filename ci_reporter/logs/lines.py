"""Lines of log files, which may hold anything: which belong to a run, and how they may be escape_unsafe.

A line is one JSON object or it is plain text. Nothing here raises for any bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from ci_reporter.system.text import UNSAFE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 1024 * 1024  # a longer line is skipped by a search, and wrapped in parts
RUN_KEY = "ci_run_id"
_WITHIN = ("labels", "attributes", "fields")  # where ECS, OpenTelemetry and Filebeat put what they do not know


class Lines:
    """Cut bytes, as they arrive, into lines; a line that is too long is dropped."""

    def __init__(self, longest: int = LONGEST) -> None:
        self.too_long = 0
        self._longest = longest
        self._rest = b""
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that are complete now, without their ends."""
        *complete, last = chunk.split(b"\n")
        for piece in complete:
            self._add(piece)
            yield from self.end()
        self._add(last)

    def end(self) -> Iterator[bytes]:
        """What there is of the last line, as nothing will follow."""
        line, self._rest = self._rest, b""
        if line and not self._skipping:
            yield line
        self._skipping = False

    def _add(self, piece: bytes) -> None:
        if not self._skipping and len(self._rest) + len(piece) > self._longest:
            self._skipping, self._rest = True, b""
            self.too_long += 1
        elif not self._skipping:
            self._rest += piece


def of_run(ci_run_id: str) -> Callable[[bytes], bool]:
    """Make the question whether a line is a JSON object of this run; looking for the bytes first saves most parsing."""
    needle = json.dumps(ci_run_id, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")

    def belongs(line: bytes) -> bool:
        if needle not in line and b"\\" not in line and ci_run_id.isascii():
            return False
        found = json_object(line.decode("utf-8", "surrogateescape"))
        return found is not None and run_of(found) == ci_run_id

    return belongs


def run_of(found: Mapping[str, Any]) -> object:
    """The run that a log line names: at its top, or under `labels`, `attributes` or `fields`."""
    if RUN_KEY in found:
        return found[RUN_KEY]
    for name in _WITHIN:
        inner = found.get(name)
        if isinstance(inner, dict) and RUN_KEY in inner:
            return inner[RUN_KEY]
        if f"{name}.{RUN_KEY}" in found:
            return found[f"{name}.{RUN_KEY}"]
    return None


def escape_unsafe(line: bytes) -> str:
    """A JSON line that says the same and moves no cursor: what could is escaped, invalid UTF-8 too."""
    text = line.decode("utf-8", "surrogateescape").strip(" \t\r")
    return UNSAFE.sub(lambda match: " " if match[0] in "\t\r" else f"\\u{ord(match[0]):04x}", text)


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a line is, None for any other line."""
    if not text.lstrip(" \t\r").startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
