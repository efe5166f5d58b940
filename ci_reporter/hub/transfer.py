"""Reports out of a database and into one, a line each (NDJSON): the form of a job's `steps.ndjson`, too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from ci_reporter.errors import StoreError
from ci_reporter.hub.ingest.parsing import flat_reports
from ci_reporter.hub.ingest.rows import Origin, rows
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store import Row, Store, Written

_BATCH = 1000
_STEPS = "steps.ndjson"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """How many reports were new, how many were there already, how many lines are no report."""

    stored: int = 0
    known: int = 0
    refused: int = 0


def lines_of(path: str, stdin: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, of stdin for `-`, of the `steps.ndjson` in a state folder. Raises StoreError."""
    if path == "-":
        yield from stdin
        return
    try:
        with open(os.path.join(path, _STEPS) if os.path.isdir(path) else path, "rb") as file:
            yield from file
    except OSError as exc:
        raise StoreError(f"cannot read {path}: {exc.strerror}") from exc


def write_lines(bodies: Iterable[str], out: BinaryIO) -> int:
    """Write reports, a line each; gives their number. Raises OSError, StoreError."""
    count = 0
    for body in bodies:
        out.write(body.encode("utf-8", "replace") + b"\n")
        count += 1
    return count


def import_lines(
    store: Store, lines: Iterable[bytes], branches: tuple[str, ...], now_s: float, say: Callable[[str], None]
) -> Imported:
    """Keep the reports of these lines; `say` is told of each line that is none. Raises StoreError."""
    stored = known = 0
    refused: list[int] = []
    origin = Origin(sender=None, repository=None, now_s=now_s)

    def found() -> Iterator[Row]:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield from rows(flat_reports(line.strip()), origin, branches)
                except Problem as exc:
                    refused.append(number)
                    say(f"line {number}: {exc}")

    waiting = found()
    while batch := list(islice(waiting, _BATCH)):
        (written,) = store.write([batch])
        if not isinstance(written, Written):
            raise written
        stored += written.stored
        known += written.known
    return Imported(stored=stored, known=known, refused=len(refused))
