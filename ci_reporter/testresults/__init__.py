"""Test results: one file a format; what a file says becomes a `ResultFile`, what several say `Collected`.

A format is a module with two functions. `sniff(text)` says whether a file that begins with `text` (its first 64 KiB) is
of this format. `read(path, file, tally)` adds each case to the tally as it goes by. To add one: a file, a line in
`FORMATS`, a test file, a line in the reference page. Other packages add theirs as an entry point of
`ci_reporter.testresults`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest

from ci_reporter import registry
from ci_reporter.errors import CIReporterError, ReportFileError
from ci_reporter.model import Tests
from ci_reporter.system import reportfile
from ci_reporter.system.reporthead import text_of, xml_start
from ci_reporter.testresults.cases import MOST_LISTED, MOST_SLOWEST, Case, ResultFile, Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    Reader = Callable[[str, BinaryIO, Tally], None]

# What may stand in the middle of other output comes last, and events before TAP, which may be within their text.
FORMATS = {
    "junit": "ci_reporter.testresults.junit",
    "trx": "ci_reporter.testresults.trx",
    "nunit2": "ci_reporter.testresults.nunit2",
    "nunit3": "ci_reporter.testresults.nunit3",
    "xunit2": "ci_reporter.testresults.xunit2",
    "sonarqube": "ci_reporter.testresults.sonarqube",
    "gotest_json": "ci_reporter.testresults.gotest_json",
    "tap": "ci_reporter.testresults.tap",
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
    with reportfile.open_report(path) as file:
        name = format_name or recognise(path, reportfile.head_of(file))
        reader = _reader(name)
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


def recognise(path: str, head: bytes) -> str:
    """The format of a file that begins with these bytes. Raises ReportFileError when it is none that is known."""
    text = text_of(head)
    name = registry.recognise("testresults", text, FORMATS)
    if name is None:
        raise ReportFileError(path, f"{_description(text)}; expected one of {', '.join(FORMATS)}")
    return name


def _description(text: str) -> str:
    start = xml_start(text)
    if start is not None:
        return f"is XML with the root <{start.root[:40]}>"
    if re.search(r"^(ok|FAIL|---|\?) .*\t", text, re.MULTILINE):
        return "looks like the plain output of go test (its -json output is read)"
    return "is in no format of test results that is known here"


def _reader(name: str) -> Reader:
    """A format's `read`; another package's entry point may be that function itself."""
    found = registry.load("testresults", name, FORMATS)
    reader: Reader = getattr(found, "read", found)
    return reader


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
