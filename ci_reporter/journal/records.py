"""Records in a file that somebody names: kept by a cache, an artifact of another job."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ci_reporter.model import Report
from ci_reporter.schema import from_json
from ci_reporter.system import reportfile


def read_records(path: str) -> Iterator[Report]:
    """The reports in a file, one a line, in its order; any other line is passed over. Raises ReportFileError."""
    with reportfile.open_report(path) as file:
        for line in file:
            try:
                yield from_json(json.loads(line))
            except (ValueError, RecursionError):
                continue
