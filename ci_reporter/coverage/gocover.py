"""Go coverage profiles: blocks of statements. `-coverpkg` repeats a block for every test binary; it is one block.

Source: cmd/cover and golang.org/x/tools/cover: `name.go:line.column,line.column statements count`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ci_reporter.coverage.report import Lines
from ci_reporter.coverage.source import Declared, Source, Spans
from ci_reporter.coverage.tally import Tally, of_blocks

_SIGN = re.compile(r"\A\s*mode: ?(?:set|count|atomic)\b", re.DOTALL)
_ROW = re.compile(r"(.+):((\d{1,10})\.\d{1,10},(\d{1,10})\.\d{1,10}) (\d{1,10}) (\d{1,20})")
_LONGEST_ROW = 8192

Blocks = dict[str, tuple[int, int]]


def sniff(text: str) -> bool:
    """Whether it begins with a profile's mode."""
    return bool(_SIGN.match(text))


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    files: dict[str, Blocks] = {}
    for at, row in _rows(source):
        if row.startswith("mode:"):  # again where profiles were pasted together
            continue
        match = _ROW.fullmatch(row)
        if not match:
            raise source.error(f"expected 'file.go:1.2,3.4 statements count', got {row[:60]!r}", at)
        blocks = files.setdefault(match[1], {})
        weight, hits = int(match[5]), source.hits(match[6], at) or 0
        blocks[match[2]] = (weight, hits + blocks.get(match[2], (0, 0))[1])
    spans = Spans(source)
    for name, blocks in files.items():
        lines = _lines(source, spans, blocks) if tally.detail else {}
        tally.counts(replace(of_blocks(name, blocks), lines=Lines.of(lines)))
    return Declared(unit="statement")


def _rows(source: Source) -> Iterator[tuple[int, str]]:
    first = source.file.readline(_LONGEST_ROW)
    if not first.startswith(b"mode:"):
        raise source.error(f"expected 'mode: set', 'count' or 'atomic', got {first[:60]!r}", 1)
    at = 1
    while row := source.file.readline(_LONGEST_ROW):
        at += 1
        if text := row.decode("utf-8", "replace").rstrip():
            yield at, text


def _lines(source: Source, spans: Spans, blocks: Blocks) -> dict[int, int]:
    """Lines that a block touches; one that begins on another's last line leaves it what it was."""
    lines: dict[int, int] = {}
    for place, (weight, hits) in blocks.items():
        match = re.match(r"(\d+)\.\d+,(\d+)", place)
        if weight and match:
            spans.mark(lines, source.number(match[1]), source.number(match[2]), hits)
    return lines
