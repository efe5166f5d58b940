"""A run that is over is counted, once: by its result, how long it ran and waited, by day, and as a deployment.

A run is counted with the first result that is final. GitLab may start it again and end it with another one; counting
that, too, would make two runs of one, and taking the first back would let a counter go backwards.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.record import Record
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.store import BUCKETS_MS
from ci_reporter.hub.store.tables import Statement

DAY_MS = 86_400_000
RAN, WAITED = "ran", "waited"
_SERIES = ":repository, :pipeline, :series_branch"
_TOTAL = f"""
INSERT INTO pipeline_total (repository, pipeline, series_branch, result, runs) VALUES ({_SERIES}, :result, 1)
ON CONFLICT (repository, pipeline, series_branch, result) DO UPDATE SET runs = pipeline_total.runs + 1
"""  # noqa: S608
_TIME = f"""
INSERT INTO pipeline_time (repository, pipeline, series_branch, kind, le_ms, runs, sum_ms)
VALUES ({_SERIES}, :kind, :le_ms, 1, :took_ms)
ON CONFLICT (repository, pipeline, series_branch, kind, le_ms)
DO UPDATE SET runs = pipeline_time.runs + 1, sum_ms = pipeline_time.sum_ms + excluded.sum_ms
"""  # noqa: S608
_DAY = f"""
INSERT INTO pipeline_day (repository, pipeline, series_branch, day, judged, succeeded)
VALUES ({_SERIES}, :day, 1, :succeeded)
ON CONFLICT (repository, pipeline, series_branch, day)
DO UPDATE SET judged = pipeline_day.judged + 1, succeeded = pipeline_day.succeeded + excluded.succeeded
"""  # noqa: S608
_DEPLOYMENT = """
INSERT INTO deployment_total (repository, environment, result, deployments, last_ms)
VALUES (:repository, :environment, :result, 1, :at_ms)
ON CONFLICT (repository, environment, result) DO UPDATE SET deployments = deployment_total.deployments + 1,
  last_ms = CASE WHEN excluded.last_ms > deployment_total.last_ms
    THEN excluded.last_ms ELSE deployment_total.last_ms END
"""
_IS_TOLD = (
    "SELECT 1 FROM deployment WHERE repository = :repository AND environment = :environment AND ci_run_id = :name"
)
_IS_A_RUN = """
SELECT 1 FROM run WHERE repository = :repository AND ci_run_id = :name AND environment = :environment
"""


def counted(run: Statement, record: Record) -> Record:
    """Count a run whose state is final, and mark it; one that has the mark stays as it is."""
    if record.counted is not None:
        return record
    told, state = record.told, record.state
    at_ms = record.finished_ms or record.begun_ms
    series = {"repository": told.key.repository, "pipeline": told.pipeline, "series_branch": record.series_branch}
    run(_TOTAL, **series, result=str(state))
    for kind, took_ms in ((RAN, record.duration_ms), (WAITED, record.waited_ms)):
        if took_ms is not None:
            run(_TIME, **series, kind=kind, le_ms=_bucket(took_ms), took_ms=took_ms)
    if state not in (Status.CANCELLATION, Status.SKIP):
        run(_DAY, **series, day=at_ms // DAY_MS, succeeded=int(state is Status.SUCCESS))
    if told.environment:
        _count_deploy(run, record, at_ms)
    return replace(record, counted=str(state))


def count_deployment(run: Statement, found: Deployment) -> None:
    """Count a deployment that has ended, unless the reports of its run tell of the same one."""
    place = {"repository": found.repository, "environment": found.environment}
    if found.ci_run_id and run(_IS_A_RUN, **place, name=found.ci_run_id):
        return
    run(_DEPLOYMENT, **place, result=str(found.status), at_ms=found.finished_ms or found.updated_ms)


def _count_deploy(run: Statement, record: Record, at_ms: int) -> None:
    """A run that deploys, unless its CI system tells of the deployment itself."""
    place = {"repository": record.told.key.repository, "environment": record.told.environment or ""}
    if not run(_IS_TOLD, **place, name=record.ci_run_id):
        run(_DEPLOYMENT, **place, result=str(record.state), at_ms=at_ms)


def _bucket(took_ms: int) -> int:
    """The bound of the bucket that a time is in, 0 for the last one, which has none."""
    at = bisect_left(BUCKETS_MS, took_ms)
    return BUCKETS_MS[at] if at < len(BUCKETS_MS) else 0
