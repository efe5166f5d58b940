"""Coverage reports: one file a format; what a file says becomes a `CoverageReport`, several become one.

`read` reads one file, `combine` unites several, `collect` does both for the files that a job names.
"""

from ci_reporter.coverage.collected import Collected, collect
from ci_reporter.coverage.formats import FORMATS, read
from ci_reporter.coverage.report import CoverageReport, FileCoverage, Totals
from ci_reporter.coverage.union import combine

__all__ = ["FORMATS", "Collected", "CoverageReport", "FileCoverage", "Totals", "collect", "combine", "read"]
