"""llvm-cov's JSON export: clang, Swift and Rust (cargo-llvm-cov) write it; lines come out of segments.

Source: LLVM's CoverageExporterJson and its documentation. A segment is [line, column, count, has a count, begins a
region, is a gap]; a line runs as often as the region that reaches into it, or the busiest that begins on it.
"""

from __future__ import annotations

import re

from ci_reporter.coverage.report import Branch, FileCoverage, branches_of
from ci_reporter.coverage.source import Declared, Source, Spans, declared_count, value_at
from ci_reporter.coverage.tally import Tally, of_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Repetitions are bounded, so that a hostile file costs milliseconds.
_SIGN = re.compile(
    r'\A\s*\{.{0,200}?"(?:llvm\.coverage\.json\.export|data)"\s{0,20}[:,]\s{0,200}(?:\[\s{0,200}\{|")', re.DOTALL
)

Segment = tuple[int, int, bool, bool, bool]  # line, count, has a count, begins a region, is a gap


def sniff(text: str) -> bool:
    """Whether it begins as llvm-cov's export does."""
    return bool(_SIGN.match(text))


def read(source: Source, tally: Tally) -> Declared:
    """Read one file. Raises ReportFileError."""
    report = source.json()
    exports = source.listing(report.get("data"), "'data'")
    if not exports:
        raise source.error("expected llvm-cov's export, with 'data'")
    spans = Spans(source)
    for export in exports:
        for found in source.listing(value_at(export, "files"), "'files'"):
            tally.counts(_file(source, spans, source.mapping(found, "a file"), detail=tally.detail))
    totals = source.mapping(value_at(exports[0], "totals") or {}, "'totals'") if len(exports) == 1 else {}
    return Declared(
        unit="line",
        covered=value_at(totals, "lines", "covered"),
        total=value_at(totals, "lines", "count"),
        branches_covered=value_at(totals, "branches", "covered"),
        branches_total=value_at(totals, "branches", "count"),
        pct=source.pct(value_at(totals, "lines", "percent"), 100) if value_at(totals, "lines", "count") else None,
    )


def _file(source: Source, spans: Spans, found: dict[str, Any], *, detail: bool) -> FileCoverage:
    name = source.text(found.get("filename"), "'filename'")
    if "segments" in found:
        segments = [_segment(source, each) for each in source.listing(found["segments"], "'segments'")]
        branches = _branches(source, source.listing(found.get("branches"), "'branches'"))
        return of_lines(name, _lines(spans, segments), branches, detail=detail)
    summary = found.get("summary")
    return FileCoverage(
        path=name,
        covered=declared_count(value_at(summary, "lines", "covered")) or 0,
        total=declared_count(value_at(summary, "lines", "count")) or 0,
        branches_covered=declared_count(value_at(summary, "branches", "covered")),
        branches_total=declared_count(value_at(summary, "branches", "count")),
    )


def _segment(source: Source, value: object) -> Segment:
    fields = [*source.listing(value, "a segment"), *[False] * 6][:6]
    has_count, begins, is_gap = (bool(each) for each in fields[3:])
    return source.number(fields[0]), source.hits(fields[2]) or 0, has_count, begins, is_gap


def _lines(spans: Spans, segments: list[Segment]) -> dict[int, int]:
    """Each line from the first segment's to the last one's that some region with a count reaches into or begins on."""
    lines: dict[int, int] = {}
    by_line: dict[int, list[Segment]] = {}
    for segment in segments:
        by_line.setdefault(segment[0], []).append(segment)
    reaching: Segment | None = None
    before = 0
    for number in sorted(by_line):
        if reaching and reaching[2] and number > before + 1:
            spans.mark(lines, before + 1, number - 1, reaching[1])
        here = by_line[number]
        starts = [count for _, count, has_count, begins, is_gap in here if has_count and begins and not is_gap]
        reached = [reaching[1]] if reaching and reaching[2] else []
        _, _, has_count, begins, _ = here[0]
        if (starts or reached) and (has_count or not begins):
            lines[number] = max(starts + reached)
        reaching, before = here[-1], number
    return lines


def _branches(source: Source, found: list[Any]) -> dict[int, Branch]:
    """[line, column, end line, end column, times true, times false, ...]: two branches each."""
    taken: list[tuple[int, int]] = []
    for each in found:
        fields = [*source.listing(each, "a branch"), *[0] * 6][:6]
        number = source.number(fields[0])
        taken += [(number, source.hits(count) or 0) for count in fields[4:6]]
    return branches_of(taken)
