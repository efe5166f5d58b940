"""Records into the database, within a transaction that holds the numbers of changes: nobody else writes runs then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ci_reporter.hub.runs.merge import merge
from ci_reporter.hub.runs.reading import record_named
from ci_reporter.hub.runs.record import COLUMNS, JOB_COLUMNS, Record, values_of, values_of_job
from ci_reporter.hub.store.tables import Statement


def write(run: Statement, before: Record | None, after: Record) -> None:
    """Write a record, and those of its jobs that are not as they were."""
    values = values_of(after)
    run(_UPSERT, **values)
    key = after.told.key
    run(_ADD_PIPELINE, repository=key.repository, pipeline=after.told.pipeline, series_branch=after.series_branch)
    known = {each.job_id: each for each in before.told.jobs} if before else {}
    for job in after.told.jobs:
        if known.get(job.job_id) != job:
            run(_UPSERT_JOB, repository=key.repository, ci_run_id=after.ci_run_id, **values_of_job(job))


def join(run: Statement, repository: str, ci_run_id: str, usual_name: str) -> None:
    """Make one of two rows: a run's by its reports' own id, and its CI system's by the run's usual name."""
    of_reports, of_system = (record_named(run, repository, name) for name in (ci_run_id, usual_name))
    if of_reports is None or of_system is None:
        return
    told = replace(merge(of_system.told, of_reports.told), key=of_system.told.key, ci_run_id=ci_run_id)
    kept = {name: getattr(of_system, name) for name in ("is_told", "polled_final_ms", "hooked_final_ms", "counted")}
    write(run, None, replace(of_reports, told=told, series_branch=of_system.series_branch, **kept))
    for statement in (_DELETE_JOBS, _DELETE):
        run(statement, repository=repository, ci_run_id=usual_name)


def upsert(table: str, names: Iterable[str], key: Sequence[str]) -> str:
    """The statement that writes a row, there or not."""
    names = list(names)
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    return f"""INSERT INTO {table} ({", ".join(names)}) VALUES ({", ".join(f":{name}" for name in names)})
      ON CONFLICT ({", ".join(key)}) DO UPDATE SET {updates}"""  # noqa: S608


_UPSERT = upsert("run", COLUMNS, ("repository", "ci_run_id"))
_UPSERT_JOB = upsert("job", ("repository", "ci_run_id", *JOB_COLUMNS), ("repository", "ci_run_id", "job_id"))
_ADD_PIPELINE = """
INSERT INTO pipeline (repository, pipeline, series_branch) VALUES (:repository, :pipeline, :series_branch)
ON CONFLICT DO NOTHING
"""
_DELETE = "DELETE FROM run WHERE repository = :repository AND ci_run_id = :ci_run_id"
_DELETE_JOBS = "DELETE FROM job WHERE repository = :repository AND ci_run_id = :ci_run_id"
