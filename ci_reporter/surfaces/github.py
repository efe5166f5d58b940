"""What GitHub shows of a step: annotations by workflow commands, and a Markdown summary on the run's page.

Source: github/docs, "Workflow commands for GitHub Actions": a step may give ten annotations of each level, a job
fifty, and a step 1 MiB of summary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ci_reporter.model import FailedTest, Report, Result
from ci_reporter.surfaces import terminal
from ci_reporter.surfaces.failures import failed_count, first_line
from ci_reporter.system import markdown

LARGEST_SUMMARY = 1024 * 1024  # bytes; of a longer one nothing is shown
SUMMARY = "GITHUB_STEP_SUMMARY"
MOST_ANNOTATIONS = 10  # of a step and a level
MOST_OF_A_JOB = 50
_LONGEST_MESSAGE = 1000
_LONGEST_LINE = 200
_MARKS = {Result.SUCCESS: "✅", Result.SKIP: "⏭️", Result.CANCELLATION: "🚫"}


def warning(message: str) -> str:
    """A line that GitHub shows as an annotation; it reads stderr for them too."""
    return f"::warning title=ci-reporter::{escape_data(message)}"


def error(message: str) -> str:
    """The same for what fails the job."""
    return f"::error title=ci-reporter::{escape_data(message)}"


def annotate(failures: Sequence[FailedTest], most: int = MOST_ANNOTATIONS, total: int = 0) -> list[str]:
    """Annotations of failed tests, at most `most`, each at its line of the change where that is known.

    GitHub shows ten of a step and drops the rest without a word: where more have failed, the last one says how many.
    """
    most = max(0, min(most, MOST_ANNOTATIONS))
    total = max(total, len(failures))
    if total <= most or not failures:
        return [_annotation(failure) for failure in failures[:most]]
    shown = failures[: max(0, most - 1)]
    names = "\n".join(failure.name for failure in failures[len(shown) :])[:_LONGEST_MESSAGE]
    more = FailedTest(name=f"… {total - len(shown)} more failed tests", message=names)
    return [_annotation(failure) for failure in (*shown, *([more] if most else []))]


def _annotation(failure: FailedTest) -> str:
    place = {"file": failure.path, "line": str(failure.line)} if failure.path else {}
    properties = {**place, "title": failure.name}
    written = ",".join(f"{name}={escape_property(value)}" for name, value in properties.items() if value)
    return f"::error {written}::{escape_data(failure.message[:_LONGEST_MESSAGE] or 'failed')}"


def summary(report: Report, failures: Sequence[FailedTest] = ()) -> str:
    """The step as Markdown: a headline, its figures, the tests that failed."""
    result = report.step.result
    headline = f"{report.step.name}: {terminal.outcome(report)}"
    lines = [f"### {_MARKS.get(result, '❌')} {markdown.escape(headline)}", ""]
    figures = [(name, text) for name, text in _figures(report) if text]
    lines += [f"| {' | '.join(name for name, _ in figures)} |", "|---" * len(figures) + "|"]
    lines += [f"| {' | '.join(markdown.escape(text) for _, text in figures)} |", ""]
    lines += [f"- {failure_line(failure)}" for failure in failures[:MOST_ANNOTATIONS]]
    hidden = failed_count(report) - len(failures[:MOST_ANNOTATIONS])
    lines += [f"- … {hidden} more failed"] if failures and hidden > 0 else []
    return "\n".join(lines).rstrip() + "\n\n"


def _figures(report: Report) -> Iterator[tuple[str, str]]:
    step = report.step
    cpu_ms = (step.cpu_user_ms or 0) + (step.cpu_system_ms or 0) if step.cpu_user_ms is not None else None
    yield "duration", terminal.duration(step.duration_ms) if step.duration_ms is not None else ""
    yield "tests", terminal.tests(report) if report.tests else ""
    yield "coverage", terminal.coverage(report) if report.coverage_pct is not None else ""
    yield "CPU", terminal.duration(cpu_ms) if cpu_ms is not None else ""
    yield "memory", f"{step.max_rss_bytes / 1024**2:.0f} MiB" if step.max_rss_bytes else ""
    yield "run", report.run.ci_run_id


def failure_line(failure: FailedTest) -> str:
    """A failed test as Markdown: its name, its place, the first line of what it says."""
    where = f" ({markdown.code(f'{failure.path}:{failure.line}')})" if failure.path else ""
    first = terminal.plain(first_line(failure.message), _LONGEST_LINE)
    return f"{markdown.code(failure.name)}{where}{f': {markdown.escape(first)}' if first else ''}"


def escape_data(data: str) -> str:
    """Text that cannot end its line or begin another command."""
    return data.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(value: str) -> str:
    """Text that cannot end its property either."""
    return escape_data(value).replace(":", "%3A").replace(",", "%2C")
