"""Record the jobs of this run that nobody recorded, such as those whose image has no Python, as its API tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ci_reporter import metrics
from ci_reporter.context import Context
from ci_reporter.errors import DeliveryError, UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.http.upstream import Job
from ci_reporter.journal.records import gather_records
from ci_reporter.model import Report, Run
from ci_reporter.sinks.configured import sink_names, sinks
from ci_reporter.step.deliver import Delivery, deliver
from ci_reporter.step.jobs import Sorted, report_of, sort_jobs
from ci_reporter.step.prepare import prepare
from ci_reporter.step.start import tells_people
from ci_reporter.step.upstream import READ_JOBS, upstream
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.step.alerts import Telling

_RUN_ID, _COMPLETION = "ci_step_run_id", "ci_step_last_completion_timestamp_seconds"


class Collected(Frozen):
    """What came of it: the new reports, the jobs by what is known of them, and what there is to say.

    `undelivered` says whether a new report did not reach every sink.
    """

    reports: tuple[Report, ...] = ()
    jobs: Sorted = Sorted()
    undelivered: bool = False
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    previews: tuple[str, ...] = ()


def collect_jobs(context: Context, run: Run, records: Sequence[str] = ()) -> Collected:
    """Ask the API, record what is missing, deliver. `records` name files with records of other jobs, `**` is any depth.

    The API, and what is sent after it, have the setting `budget` each. Raises UsageError outside of GitHub and GitLab,
    DeliveryError where the API does not tell, StateError where nothing can be written.
    """
    if not (run.pipeline_id or "").isdecimal():
        raise UsageError("collect --from-api: the run's number is not known (this works within a job of a CI system)")
    run = prepare(context, run)
    api = upstream(context, run, READ_JOBS)
    deadline = Deadline(context.config.budget_s)
    jobs = api.jobs(str(run.pipeline_id), run.attempt or "1", deadline)
    pushed, warnings = _pushes(context, run, jobs, deadline)
    context.journal.recover(sink_names(context.config))
    theirs, problems = gather_records(records, context.folder)
    found = sort_jobs(run, jobs, [*context.journal.reports(), *theirs], pushed)
    reports = tuple(report_of(context, run, job) for job in found.missing)
    return _record(context, Collected(reports=reports, jobs=found, warnings=(*warnings, *problems)))


def _pushes(
    context: Context, run: Run, jobs: Sequence[Job], deadline: Deadline
) -> tuple[Mapping[str, float], tuple[str, ...]]:
    """Which jobs of this run have pushed to the Pushgateway by themselves, and when a step of theirs last ended."""
    settings = context.config.sinks.get("pushgateway")
    if settings is None or not jobs:
        return {}, ()
    try:
        groups = settings.gateway().groups(deadline)
    except DeliveryError as exc:
        return {}, (f"which jobs have pushed by themselves is not known: {exc}",)
    key = metrics.grouping_key(report_of(context, run, jobs[0]), context.config.branches)
    ours = {name: key[name] for name in ("repository", "pipeline", "branch") if key[name]}
    ended: dict[str, float] = {}
    for each in groups:
        is_ours = ours.items() <= each.labels.items() and each.value(_RUN_ID) == float(run.pipeline_id or "nan")
        if is_ours and (name := each.labels.get("ci_job")):
            ended[name] = max(ended.get(name, 0.0), each.value(_COMPLETION) or 0.0)
    return ended, ()


def _record(context: Context, found: Collected) -> Collected:
    """Write the records, then send them and what there is to tell of them."""
    names, journal = sink_names(context.config), context.journal
    for report in found.reports:
        journal.finish(None, report, () if context.config.dry_run else names)
    problems = _openmetrics(context, found.reports)
    if context.config.dry_run:
        previews = tuple(target.preview(each) for target in sinks(context) for each in found.reports)
        return _with(found, previews=previews, warnings=problems)
    return _with(_send(context, found), warnings=problems)


def _openmetrics(context: Context, reports: Sequence[Report]) -> tuple[str, ...]:
    if not (context.config.openmetrics and reports):
        return ()
    from ci_reporter.sinks import openmetrics

    of_run = list(context.journal.reports(reports[0].run.ci_run_id))
    try:
        openmetrics.write(context.path(context.config.openmetrics), of_run)
    except DeliveryError as exc:
        return (str(exc),)
    return ()


def _send(context: Context, found: Collected) -> Collected:
    """Tell people and deliver; rules compare with what the gateway held before, so they are held first."""
    deadline = Deadline(context.config.budget_s)
    telling = _plan(context, found.reports, deadline) if tells_people(context.config) and found.reports else None
    targets = sinks(context)
    delivery = deliver(context.journal, targets, None, deadline) if targets and found.reports else Delivery()
    new = {each.report_id for each in found.reports}
    late = any(each.report.report_id in new for each in context.journal.spool.pending())
    lost = tuple(f"not delivered: {why}; 'ci-reporter flush' sends it again" for why in delivery.reasons)
    told = _with(found, undelivered=late, warnings=(*delivery.notes, *lost))
    return _tell(context, told, telling, deadline) if telling else told


def _plan(context: Context, reports: Sequence[Report], deadline: Deadline) -> Telling:
    from ci_reporter.step.abandoned import join
    from ci_reporter.step.alerts import plan_alerts

    return join([plan_alerts(context, each, deadline) for each in reports])


def _tell(context: Context, found: Collected, telling: Telling, deadline: Deadline) -> Collected:
    from ci_reporter.step.alerts import send_alerts, settle_alerts

    told = settle_alerts(context, telling, send_alerts(context, telling, deadline), deadline)
    return _with(found, notes=(*telling.notes, *told.notes), warnings=(*telling.warnings, *told.warnings))


def _with(
    found: Collected,
    *,
    undelivered: bool = False,
    notes: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
    previews: tuple[str, ...] = (),
) -> Collected:
    return Collected(
        reports=found.reports,
        jobs=found.jobs,
        undelivered=found.undelivered or undelivered,
        notes=(*found.notes, *notes),
        warnings=(*found.warnings, *warnings),
        previews=(*found.previews, *previews),
    )
