"""The failed tests of a step, as far as its record names them."""

from __future__ import annotations

from ci_reporter.model import FailedTest, Report


def failures_of(report: Report) -> tuple[FailedTest, ...]:
    """The failed tests that are known by name; an older record has no more than names."""
    return report.failures or tuple(FailedTest(name=name) for name in report.failed_tests)


def failed_count(report: Report) -> int:
    """How many tests have failed, known by name or not."""
    return report.tests.failed + report.tests.errors if report.tests else 0


def first_line(message: str) -> str:
    """The first line of what a test says that has anything on it."""
    return message.strip().partition("\n")[0].strip()
