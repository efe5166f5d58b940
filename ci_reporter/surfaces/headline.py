"""A run in one line: where it was, what failed, how long it took."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.model import Report, Result, seconds_of
from ci_reporter.surfaces import terminal

GOOD = (Result.SUCCESS, Result.SKIP)


def headline(reports: Sequence[Report]) -> str:
    """`acme/shop · CI: 2 of 5 steps failed`."""
    run = reports[-1].run
    where = " · ".join(terminal.plain(each) for each in (run.repository, run.pipeline) if each)
    return f"{where}: {verdict(reports)}" if where else verdict(reports)


def verdict(reports: Sequence[Report]) -> str:
    """`2 of 5 steps failed, 1 cancelled`; `5 steps, all good`."""
    reports = [report for report in reports if not _is_told_by_steps(report, reports)]
    steps = "1 step" if len(reports) == 1 else f"{len(reports)} steps"
    cancelled = sum(report.step.result is Result.CANCELLATION for report in reports)
    failed = sum(report.step.result not in (*GOOD, Result.CANCELLATION) for report in reports)
    if not failed and not cancelled:
        return f"{steps}, {_praise(reports)}"
    parts = [f"{count} {word}" for count, word in ((failed, "failed"), (cancelled, "cancelled")) if count]
    first, *rest = parts
    count, _, word = first.partition(" ")
    return ", ".join([f"{count} of {steps} {word}", *rest])


def undecided(reports: Sequence[Report]) -> bool:
    """Whether a gate could not decide, though its step may have exit code 0."""
    return any(report.gate is not None and report.gate.verdict == "inconclusive" for report in reports)


def _praise(reports: Sequence[Report]) -> str:
    """What to say of steps of which none failed: those that never ran are not good, and neither is an open question."""
    if undecided(reports):
        return "gate inconclusive"
    if all(report.step.result is Result.SKIP for report in reports):
        return "skipped"
    return "all good"


def took(reports: Sequence[Report]) -> str:
    """From the first step's start to the last one's end; empty where that is unknown."""
    begun = [each for report in reports if (each := seconds_of(report.step.started_at)) is not None]
    ended = [each for report in reports if (each := seconds_of(report.step.finished_at)) is not None]
    return terminal.duration(max(0, round((max(ended) - min(begun)) * 1000))) if begun and ended else ""


def _is_told_by_steps(report: Report, reports: Sequence[Report]) -> bool:
    """Whether it is the record of a whole job, whose end its steps tell as well: one failure is not two."""
    if not _is_job(report):
        return False
    steps = [each for each in reports if each.run.job_name == report.run.job_name and not _is_job(each)]
    return bool(steps) and (report.step.result in GOOD or any(each.step.result not in GOOD for each in steps))


def _is_job(report: Report) -> bool:
    """A CI system tells how a job ended, and no exit code."""
    step = report.step
    return step.exit_code is None and step.command is None and step.name in (report.run.job_name, "job")
