"""Whether a report was made before the change it is compared with: its line numbers then mean other lines.

No format says which content its numbers belong to, so this looks for contradictions. Each alone is enough, none is
certain to be there: a report that fits by chance is not noticed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_reporter.coverage.diff import pairs
from ci_reporter.coverage.report import CoverageReport, FileCoverage
from ci_reporter.system.files import read_bounded

_LARGEST_SOURCE_BYTES = 16 * 1024 * 1024
_MOST_SENTENCES = 3


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The changed files as they are now: where they are, and when each was changed (seconds since the epoch)."""

    root: str
    changed_at: Mapping[str, float]


def contradictions(
    reports: Sequence[CoverageReport], changed: Mapping[str, object], sources: Sources
) -> tuple[str, ...]:
    """Sentences on why these reports are older than the change, the first few; none when they fit it."""
    sentences = (sentence for report in reports for sentence in _of_report(report, changed, sources))
    return tuple(sentence for sentence, _ in zip(sentences, range(_MOST_SENTENCES), strict=False))


def _of_report(report: CoverageReport, changed: Mapping[str, object], sources: Sources) -> Iterator[str]:
    """At most one sentence for each of the changed files."""
    written_at = _modified_at(report.path)
    for name, found in pairs(changed, report, sources.root).items():
        changed_at = sources.changed_at.get(name)
        if written_at is not None and changed_at is not None and written_at < changed_at:
            yield f"{report.path} was written {_clock(written_at)}, and {name} was changed later, {_clock(changed_at)}"
        elif problem := _misfit(found, lambda name=name: _read(sources.root, name)):  # type: ignore[misc]
            yield f"{report.path} does not fit {name}: {problem}"


def _misfit(found: FileCoverage, read: Callable[[], list[bytes] | None]) -> str | None:
    """Lines that the file does not have, or that are blank in it."""
    content = read() if found.lines else None
    if content is None or not found.lines:
        return None
    last = found.lines.numbers[-1]
    if last > len(content) + 1:  # some tools count the empty line behind the last line break
        return f"it covers line {last}, and the file has {len(content)} lines"
    blank = {number for number, line in enumerate(content, start=1) if not line.strip()}
    hit = sorted(blank.intersection(found.lines.numbers))
    # Formats made of blocks (Go, V8, llvm-cov) mark the blank lines within a block, which is most of them.
    if hit and not found.blocks and 2 * len(hit) < len(blank):
        return f"it covers line {hit[0]}, which is blank"
    return None


def _read(root: str, name: str) -> list[bytes] | None:
    try:
        return read_bounded(os.path.join(root, name), _LARGEST_SOURCE_BYTES).splitlines()
    except OSError:
        return None


def _modified_at(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except (OSError, ValueError):
        return None


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("at %Y-%m-%d %H:%M:%S")
