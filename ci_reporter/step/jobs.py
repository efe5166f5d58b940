"""Which jobs of a run have no record, and the reports that they get."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from ci_reporter.context import Context
from ci_reporter.frozen import EMPTY, Frozen, replace
from ci_reporter.http.upstream import Job
from ci_reporter.model import Report, Result, Run, Step, seconds_of
from ci_reporter.providers.status import result_of
from ci_reporter.step.start import new_report

_CLOCKS_S = 5.0  # how far the clocks of a runner and of its CI system may be apart


class Sorted(Frozen):
    """The jobs of a run: without a record, with one, still going on, ended in a word that nobody knows.

    Those that this attempt took over from an `earlier` one have their records from then.
    """

    missing: tuple[Job, ...] = ()
    covered: tuple[Job, ...] = ()
    running: tuple[Job, ...] = ()
    unclear: tuple[Job, ...] = ()
    earlier: tuple[Job, ...] = ()


def sort_jobs(run: Run, jobs: Sequence[Job], known: Sequence[Report], pushed: Mapping[str, float] = EMPTY) -> Sorted:
    """Sort the jobs of a run by what is known of them; the one that asks is left out.

    `known` are records, of any run. `pushed` says of jobs by name when a step of theirs ended that a Pushgateway knows.
    """
    found: dict[str, list[Job]] = {"missing": [], "covered": [], "running": [], "unclear": [], "earlier": []}
    for job in jobs:
        if not _asks(run, job):
            found[_kind(run, job, known, pushed)].append(job)
    return Sorted(**{kind: tuple(sorted(each, key=_end)) for kind, each in found.items()})


def _kind(run: Run, job: Job, known: Sequence[Report], pushed: Mapping[str, float]) -> str:
    if run.provider == "github" and job.attempt not in (None, run.attempt or "1"):
        return "earlier"
    if not job.ended:
        return "running"
    # A run's attempts have one number: what was pushed before this job began was another attempt's.
    has_pushed = pushed.get(job.name, 0.0) >= (seconds_of(job.started_at) or 0.0) - _CLOCKS_S > 0.0
    if has_pushed or any(_covers(each, run, job) for each in known):
        return "covered"
    return "missing" if result_of(job.status) else "unclear"


def _asks(run: Run, job: Job) -> bool:
    """Whether it is the job that we are in. GitHub may not tell a job its id; a runner of its has one job at a time."""
    if run.job_id:
        return job.id == run.job_id
    return run.provider == "github" and not job.ended and job.runner is not None and job.runner == run.node


def _covers(report: Report, run: Run, job: Job) -> bool:
    """Whether a record is of this job: by its id, else by name or by runner and time within the same run.

    On GitHub a record may know neither the job's id nor its name, which `name:` changes: `unit` is `Unit tests` there.
    """
    if report.report_id == report_id(run, job) or report.run.job_id:
        return report.report_id == report_id(run, job) or report.run.job_id == job.id
    if report.run.ci_run_id != run.ci_run_id:
        return False
    is_there = job.runner is not None and report.run.node == job.runner
    return report.run.job_name == job.name or (is_there and _within(report.step, job))


def _within(step: Step, job: Job) -> bool:
    at_s, from_s, until_s = (seconds_of(each) for each in (step.started_at, job.started_at, job.finished_at))
    if at_s is None or from_s is None or until_s is None:
        return False
    return from_s - _CLOCKS_S <= at_s <= until_s + _CLOCKS_S


def report_of(context: Context, run: Run, job: Job) -> Report:
    """The report of a job that nobody recorded: a step of its name. What its commands came to, nobody knows."""
    began_s, ended_s = seconds_of(job.started_at), seconds_of(job.finished_at)
    result = result_of(job.status) or Result.ERROR
    took_ms = None if began_s is None or ended_s is None else max(0, round((ended_s - began_s) * 1000))
    step = Step(
        name=job.name,
        result=result,
        started_at=job.started_at,
        finished_at=job.finished_at,
        duration_ms=None if result is Result.SKIP else took_ms,
        reason=job.reason,
    )
    return replace(new_report(context, _run_of(run, job), step), report_id=report_id(run, job), measures={})


def _run_of(run: Run, job: Job) -> Run:
    """The run as that job would have told it."""
    return replace(
        run,
        job_name=job.name,
        job_id=job.id,
        job_url=job.url,
        stage=job.stage,
        node=job.runner,
        labels=job.labels,
        matrix=None,
        workspace=None,
        pipeline_id=job.pipeline_id or run.pipeline_id,
        run_url=job.pipeline_url or run.run_url,
    )


def report_id(run: Run, job: Job) -> str:
    """The same id each time for the same job: recorded twice, it is the same record.

    In the form of a UUID of version 7 (RFC 9562), whose time is the job's: ids sort by it, as those of other records.
    """
    about = "\n".join((run.provider, run.repository_url or run.repository or "", run.attempt or "1", job.id))
    random = int.from_bytes(hashlib.sha256(about.encode("utf-8", "replace")).digest()[:10], "big")
    at_ms = round((seconds_of(job.started_at) or 0) * 1000) & 0xFFFF_FFFF_FFFF
    value = (at_ms << 80 | random) & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _end(job: Job) -> tuple[float, str]:
    return seconds_of(job.finished_at) or 0.0, job.id
