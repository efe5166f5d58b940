"""Lines of log files, which may hold anything: which belong to a run, how they may be shown, and plain ones with a run.

A line is one JSON object or it is plain text. Nothing here raises for any bytes.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from ci_reporter.system.masking import Masking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 1024 * 1024  # a longer line is passed over when looking, and told in parts when wrapping
_KEY = "ci_run_id"
_WITHIN = ("labels", "attributes", "fields")  # where ECS, OpenTelemetry and Filebeat put what they do not know
# Beyond what JSON itself forbids: C1 controls, marks that turn the direction of text, line separators, lone surrogates.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class Lines:
    """Bytes, as they come, into lines; of one that is too long nothing is kept."""

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
    needle = json.dumps(ci_run_id)[1:-1].encode()

    def belongs(line: bytes) -> bool:
        if needle not in line and b"\\" not in line and ci_run_id.isascii():
            return False
        found = _object(line.decode("utf-8", "surrogateescape"))
        return found is not None and run_of(found) == ci_run_id

    return belongs


def run_of(found: Mapping[str, Any]) -> object:
    """The run that a log line names: at its top, or under `labels`, `attributes` or `fields`."""
    if _KEY in found:
        return found[_KEY]
    for name in _WITHIN:
        inner = found.get(name)
        if isinstance(inner, dict) and _KEY in inner:
            return inner[_KEY]
        if f"{name}.{_KEY}" in found:
            return found[f"{name}.{_KEY}"]
    return None


def shown(line: bytes) -> str:
    """A JSON line that says the same and moves no cursor: what could is escaped, invalid UTF-8 too."""
    text = line.decode("utf-8", "surrogateescape").strip(" \t\r")
    return _UNSAFE.sub(lambda match: " " if match[0] in "\t\r" else f"\\u{ord(match[0]):04x}", text)


class Wrapper:
    """Gives lines what they lack of `fields`; a plain one becomes an object with `timestamp` and `message` too."""

    def __init__(self, fields: Mapping[str, str], secrets: Iterable[str], now: Callable[[], str]) -> None:
        self._fields = dict(fields)
        self._now = now
        self._masking = Masking(secrets)

    def wrapped(self, readline: Callable[[int], bytes]) -> Iterator[str]:
        """Every line, as soon as it is there; one beyond `LONGEST` in numbered parts."""
        while piece := readline(LONGEST):
            if piece.endswith(b"\n") or len(piece) < LONGEST:
                yield self._whole(piece.removesuffix(b"\n"))
            else:
                yield from self._parts(piece, readline)

    def _whole(self, line: bytes) -> str:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return self._plain(line.decode("utf-8", "backslashreplace"))
        found = _object(text)
        return self._plain(text) if found is None else self._completed(line, found)

    def _completed(self, line: bytes, found: Mapping[str, Any]) -> str:
        """The object as it was written, with what it lacks at its end."""
        known = {_KEY} if run_of(found) is not None else set()
        lacking = {name: value for name, value in self._fields.items() if name not in found and name not in known}
        whole = shown(line)
        text = self._masking.mask(whole)
        if text != whole and _object(text) is None:  # the secret was a number, or part of one
            return self._plain(text)
        if not lacking:
            return text
        comma = ", " if found else ""
        return f"{text[:-1].rstrip()}{comma}{json.dumps(lacking)[1:]}"

    def _plain(self, text: str, **more: int) -> str:
        message = self._masking.mask(text)
        found = {"timestamp": self._now(), "message": message, **more, **self._fields}
        return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(found, ensure_ascii=False))

    def _parts(self, piece: bytes, readline: Callable[[int], bytes]) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")  # a character may lie across two parts
        part = 1
        while True:
            last = piece.endswith(b"\n") or not piece
            text = decoder.decode(piece.removesuffix(b"\n"), final=last)
            if text:
                yield self._plain(text, part=part)
                part += 1
            if last:
                return
            piece = readline(LONGEST)


def _object(text: str) -> dict[str, Any] | None:
    if not text.lstrip(" \t\r").startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
