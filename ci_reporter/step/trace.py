"""What is known of a whole run, for the span that holds its trace together."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.context import Context, current_run
from ci_reporter.errors import DeliveryError, UsageError
from ci_reporter.frozen import Frozen, replace
from ci_reporter.journal.records import gather_records
from ci_reporter.model import Report
from ci_reporter.step.jobs import report_of
from ci_reporter.step.prepare import prepare
from ci_reporter.step.upstream import READ_JOBS, upstream
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.trace import trace_id_of


class Whole(Frozen):
    """The reports of a run, and what is wrong with where they come from."""

    reports: tuple[Report, ...] = ()
    warnings: tuple[str, ...] = ()


def whole_run(
    context: Context, ci_run_id: str, records: Sequence[str] = (), *, from_api: Deadline | None = None
) -> Whole:
    """The reports of the state folder and of `records`, and the run's jobs as the CI system's API tells them by then.

    Only those count that are in the run's own trace. An API that does not tell is a warning. Raises UsageError.
    """
    theirs, problems = gather_records(records, context.folder)
    reports = [*context.journal.reports(ci_run_id), *(each for each in theirs if each.run.ci_run_id == ci_run_id)]
    if from_api:
        try:
            reports += _jobs(context, ci_run_id, from_api)
        except DeliveryError as exc:
            problems.append(f"when the jobs of this run began and ended is not known: {exc}")
    own = [each for each in reports if trace_id_of(each.traceparent, ci_run_id) == trace_id_of(None, ci_run_id)]
    if reports and not own:
        raise UsageError(f"the steps of run {ci_run_id} are in a trace that TRACEPARENT named, which has its own root")
    return Whole(reports=tuple(own), warnings=tuple(problems))


def _jobs(context: Context, ci_run_id: str, deadline: Deadline) -> list[Report]:
    """The jobs that are over, as reports that are recorded nowhere."""
    run = prepare(context, current_run(context))
    if run.ci_run_id != ci_run_id or not (run.pipeline_id or "").isdecimal():
        raise UsageError("trace --from-api: only the run that this job is in can be asked for, within its CI system")
    jobs = upstream(context, run, replace(READ_JOBS, command="trace --from-api")).jobs(
        str(run.pipeline_id), run.attempt or "1", deadline
    )
    return [replace(report_of(context, run, job), traceparent=None) for job in jobs if job.ended]
