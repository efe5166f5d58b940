"""Report files that another step left behind, as a step of their own."""

from __future__ import annotations

import time

from ci_reporter.context import Context
from ci_reporter.model import Result, Run, Step, rfc3339
from ci_reporter.step.draft import Draft
from ci_reporter.step.finish import Conclusion, finish, timing
from ci_reporter.step.hold import hold_to_limits
from ci_reporter.step.prepare import prepare
from ci_reporter.step.reports import read_reports
from ci_reporter.step.start import new_report, start

_DEFAULT_NAME = "collect"


def collect(context: Context, run: Run, *, before_s: float = 0.0) -> Conclusion:
    """Read the files that the settings name, whatever their age; hold them to limits, record, deliver."""
    run = prepare(context, run)
    now = rfc3339(time.time())
    step = Step(
        name=context.config.name or _DEFAULT_NAME,
        result=Result.SUCCESS,
        started_at=now,
        finished_at=now,
        exit_code=0,
        attempts=1,
    )
    started = start(context, new_report(context, run, step))
    ours = timing(context.config, started.report, before_s=before_s)
    draft = read_reports(context, Draft(report=started.report))
    return finish(context, started, hold_to_limits(context, draft, ours.deadline), ours)
