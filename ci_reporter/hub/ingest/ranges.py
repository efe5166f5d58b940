"""Numbers that cannot be: what a reader takes for a number and no step has had."""

from __future__ import annotations

from collections.abc import Iterator

from ci_reporter.model import Report

_YEARS_MS = 10 * 366 * 86_400_000
_BYTES = 2**60
_COUNT = 10**9


def out_of_range(report: Report) -> tuple[str, str] | None:
    """The first field with a number that cannot be, and what it may be."""
    for field, value, least, most in _numbers(report):
        if value is not None and not least <= value <= most:
            return field, f"{value:g} is not between {least:g} and {most:g}"
    return None


def _numbers(report: Report) -> Iterator[tuple[str, float | None, float, float]]:
    """Field, value, least, most."""
    step = report.step
    yield "duration_ms", step.duration_ms, 0, _YEARS_MS
    yield "exit_code", step.exit_code, -(2**31), 2**32 - 1  # Windows has 32 bits, as a signed number or without a sign
    yield "coverage_pct", report.coverage_pct, 0, 100
    if step.attempts is not None:
        yield "attempts", step.attempts, 0, _COUNT
    if step.cpu_user_ms is not None or step.cpu_system_ms is not None:
        yield "cpu_user_ms", step.cpu_user_ms, 0, _YEARS_MS
        yield "cpu_system_ms", step.cpu_system_ms, 0, _YEARS_MS
    if step.max_rss_bytes is not None:
        yield "max_rss_bytes", step.max_rss_bytes, 0, _BYTES
    if coverage := report.coverage:
        yield "coverage.total", coverage.total, 0, _COUNT
        yield "coverage.covered", coverage.covered, 0, coverage.total
    if tests := report.tests:
        for name in ("total", "passed", "failed", "errors", "skipped", "flaky"):
            yield f"tests.{name}", getattr(tests, name), 0, _COUNT
