"""Output of any program as JSON lines that name the run. Nothing is lost, and nothing here raises for any bytes."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator, Mapping

from ci_reporter.logs.lines import LONGEST, RUN_KEY, escape_unsafe, json_object, run_of
from ci_reporter.model import Run
from ci_reporter.system.masking import Masking
from ci_reporter.system.text import UNSAFE
from ci_reporter.system.trace import trace_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def fields_of(run: Run, service: str | None, traceparent: str) -> dict[str, str]:
    """What the lines of a program in this run should name; what is unknown is left out."""
    fields = {
        "ci_run_id": run.ci_run_id,
        "service": service,
        "revision": run.revision,
        "trace_id": trace_id(traceparent),
    }
    return {name: value for name, value in fields.items() if value}


class Wrapper:
    """Gives lines what they lack of `fields`; a plain one becomes an object with `timestamp` and `message` too."""

    def __init__(self, fields: Mapping[str, str], masking: Masking, now: Callable[[], str]) -> None:
        self._fields = dict(fields)
        self._now = now
        self.masking = masking

    def line(self, line: bytes) -> str:
        """One whole line."""
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return self.plain(line.decode("utf-8", "backslashreplace"))
        found = json_object(text)
        return self.plain(text) if found is None else self._complete(line, found)

    def plain(self, text: str, **more: int) -> str:
        """A line that is not a JSON object, as the `message` of one."""
        found = {"timestamp": self._now(), "message": self.masking.mask(text), **more, **self._fields}
        return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(found, ensure_ascii=False))

    def _complete(self, line: bytes, found: Mapping[str, Any]) -> str:
        """The object as it was written, with what it lacks at its end."""
        known = {RUN_KEY} if run_of(found) is not None else set()
        lacking = {name: value for name, value in self._fields.items() if name not in found and name not in known}
        whole = escape_unsafe(line)
        text = self.masking.mask(whole)
        if text != whole and json_object(text) is None:  # the secret was a number, or part of one
            return self.plain(text)
        if not lacking:
            return text
        comma = ", " if found else ""
        return f"{text[:-1].rstrip()}{comma}{json.dumps(lacking)[1:]}"


class OutputWrapper:
    """Wraps a stream: bytes in as they come, whole wrapped lines out. A line beyond 1 MiB comes in numbered parts."""

    def __init__(self, wrapper: Wrapper, passes: Callable[[bytes], bool] = lambda _: False) -> None:
        """Take lines that `passes` says yes to as they are."""
        self._wrapper = wrapper
        self._passes = passes
        self._rest = bytearray()
        self._part = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def feed(self, chunk: bytes) -> bytes:
        """What is complete now."""
        return b"".join(self._lines(chunk))

    def end(self) -> bytes:
        """What there is of the last line, as nothing will follow."""
        return b"".join(self._finish_line() if self._rest or self._part else ())

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        *complete, last = chunk.split(b"\n")
        for piece in complete:
            yield from self._add(piece)
            yield from self._finish_line()
        yield from self._add(last)

    def _add(self, piece: bytes) -> Iterator[bytes]:
        self._rest += piece
        while len(self._rest) > LONGEST:
            yield self._next_part(bytes(self._rest[:LONGEST]), final=False)
            del self._rest[:LONGEST]

    def _finish_line(self) -> Iterator[bytes]:
        line = bytes(self._rest)
        self._rest.clear()
        if self._part:
            yield self._next_part(line, final=True)
            self._part = 0
        elif self._passes(line):
            yield line + b"\n"
        else:
            yield self._wrapper.line(line).encode() + b"\n"

    def _next_part(self, piece: bytes, *, final: bool) -> bytes:
        """One part of a long line; a character may lie across two of them."""
        self._part += 1
        return self._wrapper.plain(self._decoder.decode(piece, final=final), part=self._part).encode() + b"\n"
