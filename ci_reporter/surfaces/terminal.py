"""Lines and tables for a terminal or a CI log; colours only where asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ci_reporter.model import FailedTest, Report, Result
from ci_reporter.surfaces.failures import failures_of, first_line
from ci_reporter.system.text import without_escapes

_COLOURS = {
    Result.SUCCESS: "32",
    Result.FAILURE: "31",
    Result.ERROR: "31",
    Result.TIMEOUT: "31",
    Result.CANCELLATION: "33",
    Result.SKIP: "2",
}


_SLOW_MS = 300  # as Vitest's slowTestThreshold: below that nobody would call a test slow


def last_line(report: Report, fate: str, *, colour: bool = False) -> str:
    """The one line at the end of a step: name, result, duration, what became of the record."""
    parts = [plain(report.step.name), _paint(outcome(report), report.step.result, colour=colour)]
    parts += [duration(report.step.duration_ms)] if report.step.duration_ms is not None else []
    parts += [f"coverage {coverage(report)}"] if report.coverage_pct is not None else []
    parts += [f"tests {tests(report)}"] if report.tests else []
    return f"ci-reporter: {' · '.join([*parts, fate])}"


def outcome(report: Report) -> str:
    """The result with what explains it: `failure (exit 1)`, `timeout (still running after 5 s)`."""
    step = report.step
    died = f"died of SIG{step.signal}" if step.signal else None
    said = f"exit {step.exit_code}" if step.exit_code else None
    why = step.reason or died or said
    return f"{step.result} ({plain(why)})" if why else str(step.result)


def plain(text: str, most: int = 60) -> str:
    """Text without line breaks, control characters and changes of direction, at most `most` columns wide."""
    shown: list[str] = []
    left = most
    for char in without_escapes(text):
        columns = _columns(char)
        if columns > left:
            return "".join(shown[:-1]) + "…"
        shown.append(char if char.isprintable() else " ")
        left -= columns
    return "".join(shown)


def width(text: str) -> int:
    """Columns that a terminal gives to the text."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    """Source: Unicode Standard Annex 11; what combines with the character before takes none."""
    if char < "\u0300":
        return 1
    import unicodedata

    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def duration(ms: int | None) -> str:
    """Time as people say it: `85 ms`, `12.3 s`, `4 min 05 s`, `2 h 03 min`; `-` when unknown."""
    if ms is None:
        return "-"
    if ms < 1000:
        return f"{ms} ms"
    if ms < 59_950:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s"


def summary(reports: Sequence[Report], delivery: Mapping[str, str], *, colour: bool = False) -> str:
    """A table of steps, one row each. `delivery`: report id → what became of it."""
    head = ("STEP", "RESULT", "DURATION", "COVERAGE", "TESTS", "DELIVERY")
    rows = [
        (
            plain(report.step.name),
            outcome(report),
            duration(report.step.duration_ms),
            coverage(report),
            tests(report),
            delivery.get(report.report_id, "-"),
        )
        for report in reports
    ]
    widths = [max(width(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [_row(head, widths)]
    for report, row in zip(reports, rows, strict=True):
        cells = [_pad(cell, columns) for cell, columns in zip(row, widths, strict=True)]
        cells[1] = _paint(cells[1], report.step.result, colour=colour)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def details(report: Report) -> list[str]:
    """The tests of a step that people ask about: failed, flaky, slow; one line each."""
    step = plain(report.step.name)
    lines = [f"{step}: failed: {_failure(each)}" for each in failures_of(report)]
    lines += [f"{step}: flaky: {plain(name, 100)}" for name in report.flaky_tests]
    slow = [(name, ms) for name, ms in report.slowest_tests.items() if ms >= _SLOW_MS]
    slow.sort(key=lambda item: -item[1])
    return lines + [f"{step}: slow: {duration(ms).rjust(8)}  {plain(name, 100)}" for name, ms in slow]


def _failure(failure: FailedTest) -> str:
    where = f" ({plain(failure.path, 100)}:{failure.line})" if failure.path else ""
    said = f": {plain(first_line(failure.message), 100)}" if failure.message.strip() else ""
    return f"{plain(failure.name, 100)}{where}{said}"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(map(_pad, cells, widths)).rstrip()


def _pad(cell: str, columns: int) -> str:
    return cell + " " * (columns - width(cell))


def coverage(report: Report) -> str:
    """`93.1 %`; `-` when unknown."""
    if report.coverage_pct is not None:
        return f"{report.coverage_pct:.1f} %"
    return "-"


def tests(report: Report) -> str:
    """`198/200 passed, 1 failed, 1 skipped in 9.9 s`."""
    tests = report.tests
    if tests is None:
        return "-"
    counts = {"failed": tests.failed + tests.errors, "skipped": tests.skipped, "flaky": tests.flaky}
    parts = [f"{tests.passed}/{tests.total} passed", *(f"{count} {name}" for name, count in counts.items() if count)]
    took = f" in {duration(tests.duration_ms)}" if tests.duration_ms is not None else ""
    return ", ".join(parts) + took


def _paint(text: str, result: Result, *, colour: bool) -> str:
    return f"\x1b[{_COLOURS[result]}m{text}\x1b[0m" if colour else text
