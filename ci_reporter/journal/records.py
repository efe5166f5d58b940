"""Records in a file that somebody names: kept by a cache, an artifact of another job."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ci_reporter.errors import ReportFileError
from ci_reporter.journal.files import LARGEST_LINE
from ci_reporter.model import Report
from ci_reporter.schema import from_json
from ci_reporter.system import reportfile


def read_records(path: str, skipped: list[int] | None = None) -> Iterator[Report]:
    """The reports in a file, one a line, in its order. Raises ReportFileError.

    Any other line is passed over, and its number put into `skipped`.
    """
    with reportfile.open_report(path) as file:
        number = 0
        while line := file.readline(LARGEST_LINE):
            number += 1
            try:
                yield from_json(json.loads(line))
            except (ValueError, RecursionError):
                if skipped is not None and line.strip():
                    skipped.append(number)


def gather_records(patterns: Sequence[str], root: str) -> tuple[list[Report], list[str]]:
    """The reports in the files that patterns name below `root`, and what is wrong with patterns and files.

    Nothing is raised: a job that was cancelled may have left no file.
    """
    matches = reportfile.expand(patterns, root)
    found: list[Report] = []
    problems = [f"option --records: {each}" for each in matches.problems]
    for path in matches.files:
        skipped: list[int] = []
        try:
            found += read_records(path, skipped)
        except ReportFileError as exc:
            problems.append(f"option --records: {exc}")
        if skipped:
            more = f" and {len(skipped) - 1} more are" if len(skipped) > 1 else " is"
            problems.append(f"option --records: {path}: line {skipped[0]}{more} not a record, or damaged; skipped")
    return found, problems
