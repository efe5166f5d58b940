"""`ci-reporter tests show`: what test result files say, for a person or a program."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.reporting import report_errors
from ci_reporter.errors import ReportFileError
from ci_reporter.surfaces.terminal import duration, plain
from ci_reporter.system.reportfile import expand
from ci_reporter.testresults import FORMATS, Collected, combine, read
from ci_reporter.testresults.cases import Case, Outcome, ResultFile, sum_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_COLOURS = {"failed": "31", "error": "31", "flaky": "33", "passed": "32", "skipped": "2"}
_MESSAGE_LINES = 5
_WIDEST = 110


@click.group("tests", epilog="Example:  ci-reporter tests show junit.xml")
def command() -> None:
    """Look at test results: JUnit, TRX, NUnit, xUnit.net, TAP, go test and others, recognised by their content."""


@command.command(
    "show",
    short_help="Show what test result files say.",
    epilog="Example:  ci-reporter tests show 'target/**/TEST-*.xml'",
)
@click.argument("patterns", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--format",
    "format_name",
    metavar="FORMAT",
    envvar="CI_REPORTER_TESTS_FORMAT",
    help=f"Read the files as this format instead of recognising it by their content: {', '.join(FORMATS)}.",
)
@click.option("--json", "as_json", is_flag=True, help="One flat JSON object.")
@report_errors
def show(patterns: tuple[str, ...], format_name: str | None, as_json: bool) -> None:
    """Show what test result files say: counts, failed and flaky tests, the ten slowest.

    Each test of each file counts; a file that declares other numbers than its tests add up to is named.
    """
    problems: list[str] = []
    results = list(_read(patterns, format_name, problems))
    if results:
        together = combine(results)
        colour = output.colour(sys.stdout, os.environ)
        text = _json(together, results) if as_json else "\n".join(_lines(together, results, colour=colour))
        output.result(text)
    for problem in problems:
        output.say(f"ci-reporter: {problem}")
    if problems:
        sys.exit(1)


def _read(patterns: Sequence[str], format_name: str | None, problems: list[str]) -> Iterator[ResultFile]:
    for path in _files(patterns, problems):
        try:
            yield read(path, format_name)
        except ReportFileError as exc:
            problems.append(str(exc))


def _files(patterns: Sequence[str], problems: list[str]) -> Iterator[str]:
    """A path as it is, whatever is wrong with it; only a pattern is looked up."""
    seen: set[str] = set()
    for pattern in patterns:
        found = expand((pattern,), "") if set(pattern) & set("*?[") else None
        problems += found.problems if found else ()
        for path in found.files if found else (pattern,):
            if path not in seen:
                seen.add(path)
                yield path


def _lines(together: Collected, results: Sequence[ResultFile], *, colour: bool) -> Iterator[str]:
    for result in results:
        yield f"{plain(result.path, _WIDEST)} · {result.format} · {_counts(result, colour=colour)}"
    if len(results) > 1 and together.tests:
        total = ResultFile(path="", format="", tests=together.tests)
        yield f"{len(results)} files · {_counts(total, colour=colour)}"
    for note in together.notes:
        yield plain(f"note: {note}", _WIDEST * 2)
    bad = together.tests.failed + together.tests.errors if together.tests else 0
    yield from _list("failed", together.failed, bad, colour=colour)
    yield from _list("flaky", together.flaky, together.tests.flaky if together.tests else 0, colour=colour)
    yield from _slowest([case for case in together.slowest if case.duration_ms])


def _counts(result: ResultFile, *, colour: bool) -> str:
    """`8 tests: 4 passed, 1 failed, 1 error, 2 skipped, 1 flaky · 80 ms`."""
    tests = result.tests
    parts = [
        (tests.passed, "passed", "passed"),
        (tests.failed, "failed", "failed"),
        (tests.errors, "error" if tests.errors == 1 else "errors", "error"),
        (tests.skipped, "skipped", "skipped"),
        (tests.flaky, "flaky", "flaky"),
    ]
    shown = [_paint(f"{count} {word}", key, colour=colour) for count, word, key in parts if count]
    counts = f"{tests.total} {'test' if tests.total == 1 else 'tests'}"
    time = f" · {duration(tests.duration_ms)}" if tests.duration_ms is not None else ""
    return (f"{counts}: {', '.join(shown)}" if shown else counts) + time


def _list(title: str, cases: Sequence[Case], total: int, *, colour: bool) -> Iterator[str]:
    if not cases:
        return
    yield f"\n{title}"
    for case in cases:
        mark = _paint("●" if title == "flaky" else "✗", title, colour=colour)
        kind = " (error)" if case.outcome is Outcome.ERROR else ""
        yield f"  {mark} {plain(_name(case), _WIDEST)}{kind}"
        yield from (f"      {line}" for line in _message(case))
    if total > len(cases):
        yield f"  … and {total - len(cases)} more"


def _slowest(cases: Sequence[Case]) -> Iterator[str]:
    if cases:
        yield "\nslowest"
        column = max(len(duration(case.duration_ms)) for case in cases)
        yield from (plain(f"  {duration(case.duration_ms):>{column}}  {_name(case)}", _WIDEST) for case in cases)


def _message(case: Case) -> Iterator[str]:
    """The first lines; a bar before them, so that none is taken for a command to the CI system."""
    lines = [line.rstrip() for line in case.message.splitlines() if line.strip()]
    yield from (f"│ {plain(line, _WIDEST - 8)}" for line in lines[:_MESSAGE_LINES])
    if len(lines) > _MESSAGE_LINES:
        yield "│ …"


def _name(case: Case) -> str:
    return f"{case.suite} › {case.name}" if case.suite and case.suite != case.name else case.name


def _paint(text: str, key: str, *, colour: bool) -> str:
    return f"\x1b[{_COLOURS[key]}m{text}\x1b[0m" if colour else text


def _json(together: Collected, results: Sequence[ResultFile]) -> str:
    flat: dict[str, Any] = dict(vars(together.tests)) if together.tests else {}
    declared = sum_of(result.declared for result in results)
    flat |= {
        "format": ", ".join(sorted({result.format for result in results})),
        "declared": {key: int(value) for key, value in declared.items()},
        "computed": _recount(together),
        "mismatch": any(result.mismatch for result in results),
        "failures": [_fields(case) for case in together.failed],
        "flaky_tests": [_fields(case) for case in together.flaky],
        "slowest": [_fields(case) for case in together.slowest],
        "notes": list(together.notes),
        "files": [
            {"path": each.path, "format": each.format, **vars(each.tests), "mismatch": each.mismatch}
            for each in results
        ],
    }
    return json.dumps(flat, indent=2)


def _recount(together: Collected) -> dict[str, int]:
    counts = vars(together.tests) if together.tests else {}
    return {key: counts[key] for key in ("total", "failed", "errors", "skipped") if key in counts}


def _fields(case: Case) -> dict[str, Any]:
    keys = ("name", "suite", "outcome", "duration_ms", "message", "flaky")
    return {key: getattr(case, key) for key in keys}
