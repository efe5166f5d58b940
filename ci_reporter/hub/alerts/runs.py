"""Runs and jobs, as their CI systems tell of them, as events for the rules. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ci_reporter.frozen import replace
from ci_reporter.hub.alerts.event import Event, Kind
from ci_reporter.hub.runs.change import Change
from ci_reporter.hub.runs.record import Record
from ci_reporter.hub.runs.run import Job, Status
from ci_reporter.model import Report, Result, Run, Step, rfc3339

_BAD = (Status.FAILURE, Status.ERROR, Status.TIMEOUT)
_MOST_NAMED = 10


def run_event(record: Record, cause: str) -> Event | None:
    """The end of a run; None while it is on its way, or where nobody knows how it ended."""
    told, at_ms = record.told, record.finished_ms
    result = result_of(record.state)
    if result is None or at_ms is None:
        return None
    report = Report(
        report_id=cause,
        run=run_of(record),
        step=Step(
            name=told.pipeline,
            result=result,
            started_at=_time(record.started_ms),
            finished_at=_time(at_ms),
            duration_ms=record.duration_ms,
        ),
        environment=told.environment,
        coverage_pct=told.coverage_pct,
    )
    return Event(
        kind=Kind.PIPELINE,
        report=report,
        at_ms=at_ms,
        cause=cause,
        facts={"overdue": "no"},
        notes=tuple(_failed_jobs(told.jobs)),
    )


def end_of_wait(record: Record, cause: str) -> Event | None:
    """The end of whatever a run was overdue for: it has ended."""
    found = run_event(record, cause)
    return _ending(found, record.ci_run_id) if found else None


def job_events(record: Record, cause: str) -> Iterator[Event]:
    """The ends of a run's jobs, as far as they have come; whoever hears of one twice hears the same."""
    for job in record.told.jobs:
        result = result_of(job.status)
        if result is None or job.finished_ms is None:
            continue
        found = Event(
            kind=Kind.JOB,
            report=job_report(record, job, result),
            at_ms=job.finished_ms,
            cause=f"{cause} {job.job_id}",
            facts={"overdue": "no"},
        )
        yield found
        yield _ending(found, f"{record.ci_run_id} {job.job_id}")


def job_report(record: Record, job: Job, result: Result) -> Report:
    """A job as the report of a step."""
    took_ms = job.finished_ms - job.started_ms if job.finished_ms and job.started_ms else None
    return Report(
        report_id=f"{record.ci_run_id} {job.job_id}",
        run=replace(run_of(record), job_name=job.name, job_id=job.job_id, job_url=job.url, stage=job.stage),
        step=Step(
            name=job.name,
            result=result,
            started_at=_time(job.started_ms),
            finished_at=_time(job.finished_ms),
            duration_ms=None if took_ms is None else max(0, took_ms),
        ),
        environment=record.told.environment,
    )


def deployment_report(change: Change, record: Record | None) -> Report:
    """A deployment that a CI system tells of, as the report of the step that made it; `record` is its run's."""
    body = {name: str(value) for name, value in change.body.items()}
    told = run_of(record) if record else Run(ci_run_id=body.get("ci_run_id", ""), repository=change.repository)
    run = replace(
        told,
        branch=change.branch or told.branch,
        revision=body.get("revision") or told.revision,
        actor=body.get("actor") or told.actor,
        run_url=told.run_url or body.get("url"),
    )
    result = Result(change.became) if change.became in tuple(Result) else Result.SKIP
    step = Step(name="deploy", result=result, finished_at=_time(change.at_ms))
    return Report(report_id=f"change-{change.number}", run=run, step=step, environment=change.subject)


def run_of(record: Record) -> Run:
    """A run as reports name it."""
    told = record.told
    return Run(
        ci_run_id=record.ci_run_id,
        provider=told.key.provider,
        repository=told.key.repository,
        default_branch=told.default_branch,
        pipeline=told.pipeline,
        pipeline_id=told.key.run_id,
        attempt=str(told.key.attempt),
        run_url=told.url,
        branch=told.branch,
        tag=told.tag,
        revision=told.revision,
        commit_message=told.title,
        change=told.change,
        actor=told.actor,
        event=told.event,
    )


def result_of(status: Status) -> Result | None:
    """The result of what has ended; None for what has not, or in a word that nobody knows."""
    return Result(status.value) if status.is_final else None


def _ending(event: Event, member: str) -> Event:
    return Event(**vars(event) | {"member": member, "is_over": True})


def _failed_jobs(jobs: Iterable[Job]) -> Iterator[str]:
    names = [each.name for each in jobs if each.status in _BAD]
    if names:
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield f"failed: {', '.join(names[:_MOST_NAMED])}{more}"


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms / 1000)
