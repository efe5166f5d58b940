"""Test results: one file a format; what a file says becomes a `ResultFile`, what several say `Collected`.

A format is a module with `read(path, file, tally)`: it adds each case to the tally as it goes by. To add one: a file, a
line in `FORMATS`, a line in `recognise.MARKS`, a test file, a line in the reference page. Other packages add theirs as
an entry point of `ci_reporter.testresults`, by name, and by content where it has `sniff(text)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest

from ci_reporter import registry
from ci_reporter.errors import CIReporterError, ReportFileError
from ci_reporter.model import Tests
from ci_reporter.system import reportfile
from ci_reporter.testresults.cases import MOST_LISTED, MOST_SLOWEST, Case, ResultFile, Tally
from ci_reporter.testresults.recognise import described, recognise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    Reader = Callable[[str, BinaryIO, Tally], None]

FORMATS = {
    "junit": "ci_reporter.testresults.junit:read",
    "trx": "ci_reporter.testresults.trx:read",
    "nunit2": "ci_reporter.testresults.nunit2:read",
    "nunit3": "ci_reporter.testresults.nunit3:read",
    "xunit2": "ci_reporter.testresults.xunit2:read",
    "tap": "ci_reporter.testresults.tap:read",
    "gotest_json": "ci_reporter.testresults.gotest_json:read",
}


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What several files say together; `tests` is None when none of them could be read.

    `problems` are sentences about files that were passed over, `notes` about what is odd in the others.
    """

    tests: Tests | None
    failed: tuple[Case, ...] = ()
    flaky: tuple[Case, ...] = ()
    slowest: tuple[Case, ...] = ()
    files: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read(path: str, format_name: str | None = None) -> ResultFile:
    """Read one file, of any size in the same memory. Raises ReportFileError; UsageError for an unknown format."""
    with reportfile.opened(path) as file:
        name = format_name or _recognised(path, reportfile.head_of(file))
        reader: Reader = registry.load("testresults", name, FORMATS)
        tally = Tally()
        reader(path, file, tally)
    return tally.result(path, name)


def combine(results: Iterable[ResultFile]) -> Collected:
    """Add files up. Each case of each file counts: shards share names, so equal names do not make one test.

    Takes an iterator too, and keeps a bounded number of cases of it.
    """
    together = Collected(tests=None)
    for result in results:
        together = _with(together, result)
    return together


def collect(patterns: Sequence[str], root: str, format_name: str | None = None) -> Collected:
    """Read the files that `patterns` name below `root`. Nothing is raised: what goes wrong is a problem, in words."""
    found = reportfile.expand(patterns, root)
    problems = list(found.problems)
    together = combine(_readable(found.files, format_name, problems))
    return replace(together, problems=tuple(problems))


def _recognised(path: str, head: bytes) -> str:
    name = recognise(head)
    if name is None:
        raise ReportFileError(path, f"{described(head)}; expected one of {', '.join(FORMATS)}")
    return name


def _readable(files: Iterable[str], format_name: str | None, problems: list[str]) -> Iterator[ResultFile]:
    for path in files:
        try:
            yield read(path, format_name)
        except CIReporterError as exc:
            problems.append(str(exc))


def _with(together: Collected, result: ResultFile) -> Collected:
    slowest = nlargest(MOST_SLOWEST, (*together.slowest, *result.slowest), key=lambda case: case.duration_ms or 0)
    return Collected(
        tests=_sum(together.tests, result.tests),
        failed=(*together.failed, *result.failed)[:MOST_LISTED],
        flaky=(*together.flaky, *result.flaky)[:MOST_LISTED],
        slowest=tuple(slowest),
        files=(*together.files, result.path),
        notes=(*together.notes, *(f"{result.path}: {note}" for note in result.notes))[:MOST_LISTED],
    )


def _sum(first: Tests | None, second: Tests) -> Tests:
    if first is None:
        return second
    durations = [each.duration_ms for each in (first, second) if each.duration_ms is not None]
    counts = {key: value + getattr(second, key) for key, value in vars(first).items() if key != "duration_ms"}
    return Tests(**counts, duration_ms=sum(durations) if durations else None)
