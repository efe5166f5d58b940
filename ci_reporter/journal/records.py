"""Records in a file that somebody names: kept by a cache, an artifact of another job."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ci_reporter.errors import ReportFileError
from ci_reporter.journal.files import LARGEST_LINE
from ci_reporter.model import Report
from ci_reporter.schema import from_json
from ci_reporter.system import reportfile


def read_records(path: str) -> Iterator[Report]:
    """The reports in a file, one a line, in its order; any other line is passed over. Raises ReportFileError."""
    with reportfile.open_report(path) as file:
        while line := file.readline(LARGEST_LINE):
            try:
                yield from_json(json.loads(line))
            except (ValueError, RecursionError):
                continue


def gather_records(patterns: Sequence[str], root: str) -> tuple[list[Report], list[str]]:
    """The reports in the files that patterns name below `root`, and what is wrong with patterns and files.

    Nothing is raised: a job that was cancelled may have left no file.
    """
    matches = reportfile.expand(patterns, root)
    found: list[Report] = []
    problems = [f"option --records: {each}" for each in matches.problems]
    for path in matches.files:
        try:
            found += read_records(path)
        except ReportFileError as exc:
            problems.append(f"option --records: {exc}")
    return found, problems
