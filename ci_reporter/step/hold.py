"""A step that succeeded is held to the job's limits; a step that failed has failed already."""

from __future__ import annotations

from ci_reporter.context import Context
from ci_reporter.frozen import replace
from ci_reporter.model import Report, Result
from ci_reporter.step import limits
from ci_reporter.step.baseline import baseline
from ci_reporter.step.draft import Draft
from ci_reporter.system.deadline import Deadline


def hold_to_limits(context: Context, draft: Draft, deadline: Deadline) -> Draft:
    """The draft with the limits that its report misses: then the step is a failure, and they are the reason."""
    config, report = context.config, draft.report
    if report.step.result is not Result.SUCCESS:
        return draft
    wanted = limits.of(config)
    before = baseline(context, report, deadline) if wanted.coverage_drop_points is not None else None
    check = limits.check(report, wanted, before)
    problems = f"{draft.unread} problem{'' if draft.unread == 1 else 's'}"
    unread = f"{problems} with report files, and --strict-reports is set"
    missed = (*check.missed, unread) if draft.unread and config.strict_reports else check.missed
    draft = draft.with_warnings(*check.notes)
    return replace(draft, missed=missed, report=_failure(report, missed)) if missed else draft


def _failure(report: Report, missed: tuple[str, ...]) -> Report:
    return replace(report, step=replace(report.step, result=Result.FAILURE, reason="; ".join(missed)))
