"""Record after the fact: a job by its CI system's word for how it ended, and report files that another step left."""

from __future__ import annotations

import time

from ci_reporter.context import Context
from ci_reporter.frozen import Frozen, replace
from ci_reporter.model import Result, Run, Step, rfc3339
from ci_reporter.step.draft import Draft
from ci_reporter.step.finish import Conclusion, finish, timing
from ci_reporter.step.hold import hold_to_limits
from ci_reporter.step.prepare import prepare
from ci_reporter.step.reports import read_reports
from ci_reporter.step.start import new_report, start
from ci_reporter.system.deadline import Deadline

_DEFAULT_NAME = "collect"


class JobEnd(Frozen):
    """How a job ended that nobody wrapped, and when it started, in seconds since the epoch, where that is known."""

    result: Result
    started_s: float | None = None


def collect(context: Context, run: Run, job: JobEnd | None = None, *, before_s: float = 0.0) -> Conclusion:
    """Read the files that the settings name; record, deliver.

    Without a `job` the record is a step of its own: the files count whatever their age, and are held to limits. With
    one it is the job's: files from before its start are not counted, and its result is what the CI system says.
    """
    run = prepare(context, run)
    step = _step_of_job(context, run, job) if job else _step_of_files(context)
    started = start(context, new_report(context, run, step))
    ours = timing(context.config, started.report, before_s=before_s)
    draft = read_reports(context, Draft(report=started.report), since_s=job.started_s if job else None)
    return finish(context, started, _within_limits(context, draft, job, ours.deadline), ours)


def _step_of_files(context: Context) -> Step:
    now = rfc3339(time.time())
    name = context.config.name or _DEFAULT_NAME
    return Step(name=name, result=Result.SUCCESS, started_at=now, finished_at=now, exit_code=0, attempts=1)


def _step_of_job(context: Context, run: Run, job: JobEnd) -> Step:
    """The job as a step of its name. Its exit code is unknown: no CI system tells it once the script is over."""
    now_s, began_s = time.time(), job.started_s
    return Step(
        name=context.config.name or run.job_name or "job",
        result=job.result,
        started_at=None if began_s is None else rfc3339(began_s),
        finished_at=rfc3339(now_s),
        duration_ms=None if began_s is None else max(0, round((now_s - began_s) * 1000)),
        attempts=1,
    )


def _within_limits(context: Context, draft: Draft, job: JobEnd | None, deadline: Deadline) -> Draft:
    """The draft held to limits. It is too late to fail a job that is over: a limit that it misses is a warning."""
    held = hold_to_limits(context, draft, deadline)
    return replace(held, report=draft.report, missed=()).with_warnings(*held.missed) if job else held
