"""The metrics of gitlab-ci-pipelines-exporter, by its names and labels, so that its dashboards go on working.

Source: mvisonneau/gitlab-ci-pipelines-exporter, docs/metrics.md. As with the exporter, each is of the most recent
pipeline of a ref; a status that does not hold has no line (its `output_sparse_status_metrics`, which is its default).
`topics` and `variables` are always empty, which to Prometheus is the same as not being there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ci_reporter.hub.exposition import Block, Type, labels, line
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.store.tables import Tables

_FRESH_S = 10.0
_SINCE_MS = 30 * 86_400_000
_WORDS: Mapping[str, str] = {
    Status.QUEUED: "pending",
    Status.WAITING: "manual",
    Status.RUNNING: "running",
    Status.SUCCESS: "success",
    Status.FAILURE: "failed",
    Status.ERROR: "failed",
    Status.TIMEOUT: "failed",
    Status.CANCELLATION: "canceled",
    Status.SKIP: "skipped",
}
_PIPELINES: Mapping[str, str] = {
    "coverage": "Coverage of the most recent pipeline",
    "duration_seconds": "Duration in seconds of the most recent pipeline",
    "id": "ID of the most recent pipeline",
    "queued_duration_seconds": "Duration in seconds the most recent pipeline has been queued before starting",
    "run_count": "Number of executions of a pipeline",
    "status": "Status of the most recent pipeline",
    "timestamp": "Timestamp of the last update of the most recent pipeline",
}
_JOBS: Mapping[str, str] = {
    "duration_seconds": "Duration in seconds of the most recent job",
    "id": "ID of the most recent job",
    "queued_duration_seconds": "Duration in seconds the most recent job has been queued before starting",
    "status": "Status of the most recent job",
    "timestamp": "Creation date timestamp of the most recent job",
}
_REF = ("project", "ref", "kind")
_JOB = (*_REF, "stage", "job_name", "runner_description")

_LATEST = """
SELECT r.repository, r.branch, r.tag, r.change, r.run_id, r.status, r.queued_ms, r.started_ms, r.finished_ms,
  r.updated_ms, r.coverage_pct, r.ci_run_id
FROM run r JOIN (
  SELECT repository, COALESCE(branch, '') AS branch, COALESCE(tag, '') AS tag, COALESCE(change, '') AS change,
    max(begun_ms) AS begun_ms
  FROM run WHERE begun_ms >= :since_ms AND provider = 'gitlab' AND status IS NOT NULL
  GROUP BY repository, COALESCE(branch, ''), COALESCE(tag, ''), COALESCE(change, '')
) l ON l.repository = r.repository AND l.begun_ms = r.begun_ms AND l.branch = COALESCE(r.branch, '')
  AND l.tag = COALESCE(r.tag, '') AND l.change = COALESCE(r.change, '')
WHERE r.provider = 'gitlab' AND r.status IS NOT NULL
ORDER BY r.repository, r.branch, r.tag, r.change, r.ci_run_id
"""
_COUNTS = """
SELECT repository, COALESCE(branch, ''), COALESCE(tag, ''), COALESCE(change, ''), count(*)
FROM run WHERE provider = 'gitlab' AND status IS NOT NULL AND begun_ms >= :since_ms AND received_ms >= :started_ms
GROUP BY repository, COALESCE(branch, ''), COALESCE(tag, ''), COALESCE(change, '')
"""
_JOBS_OF = """
SELECT job_id, name, status, stage, queued_ms, started_ms, finished_ms, runner FROM job
WHERE repository = :repository AND ci_run_id = :ci_run_id ORDER BY job_id
"""


class _Pipeline(NamedTuple):
    repository: str
    branch: str | None
    tag: str | None
    change: str | None
    run_id: str
    status: str
    queued_ms: int | None
    started_ms: int | None
    finished_ms: int | None
    updated_ms: int
    coverage_pct: float | None
    ci_run_id: str

    @property
    def ref(self) -> tuple[str, str, str]:
        """Project, ref and kind, as the exporter has them."""
        if self.change:
            return self.repository, self.change, "merge-request"
        return (self.repository, self.tag, "tag") if self.tag else (self.repository, self.branch or "", "branch")


class _Job(NamedTuple):
    job_id: str
    name: str
    status: str
    stage: str | None
    queued_ms: int | None
    started_ms: int | None
    finished_ms: int | None
    runner: str | None


class Gcpe:
    """The blocks, read from the database at most every few seconds. `run_count` begins at 0 with the process."""

    def __init__(self, tables: Tables, clock: Callable[[], float] = time.time) -> None:
        self._tables, self._clock = tables, clock
        self._started_ms = round(clock() * 1000)
        self._read_s = 0.0
        self._blocks: list[Block] = []

    def blocks(self) -> list[Block]:
        """The metrics. Raises StoreError."""
        now_s = self._clock()
        if now_s - self._read_s >= _FRESH_S:
            self._blocks = self._read(round(now_s * 1000) - _SINCE_MS)
            self._read_s = now_s
        return self._blocks

    def _read(self, since_ms: int) -> list[Block]:
        pipelines = {
            found.ref: found for found in (_Pipeline(*row) for row in self._tables.select(_LATEST, since_ms=since_ms))
        }
        counts = {
            (repository, branch, tag, change): count
            for repository, branch, tag, change, count in self._tables.select(
                _COUNTS, since_ms=since_ms, started_ms=self._started_ms
            )
        }
        lines: dict[str, list[str]] = {}
        for each in pipelines.values():
            count = counts.get((each.repository, each.branch or "", each.tag or "", each.change or ""), 0)
            _add(lines, "gitlab_ci_pipeline", _REF, each.ref, _of_pipeline(each, count))
            rows = self._tables.select(_JOBS_OF, repository=each.repository, ci_run_id=each.ci_run_id)
            for job in {row[1]: _Job(*row) for row in rows}.values():  # of a job that was retried, the last one
                inner = (*each.ref, job.stage or "", job.name, job.runner or "")
                _add(lines, "gitlab_ci_pipeline_job", _JOB, inner, _of_job(job))
        return [
            *_help_blocks("gitlab_ci_pipeline", _PIPELINES, lines),
            *_help_blocks("gitlab_ci_pipeline_job", _JOBS, lines),
        ]


Values = Iterator[tuple[str, float | None, str]]


def _of_pipeline(each: _Pipeline, count: int) -> Values:
    yield "coverage", each.coverage_pct, ""
    yield "duration_seconds", _seconds(each.started_ms, each.finished_ms), ""
    yield "id", float(each.run_id) if each.run_id.isdecimal() else None, ""
    yield "queued_duration_seconds", _seconds(each.queued_ms, each.started_ms), ""
    yield "run_count", count, ""
    yield "status", 1.0, _WORDS.get(each.status, "error")
    yield "timestamp", each.updated_ms // 1000, ""


def _of_job(job: _Job) -> Values:
    yield "duration_seconds", _seconds(job.started_ms, job.finished_ms), ""
    yield "id", float(job.job_id) if job.job_id.isdecimal() else None, ""
    yield "queued_duration_seconds", _seconds(job.queued_ms, job.started_ms), ""
    yield "status", 1.0, _WORDS.get(job.status, "error")
    yield "timestamp", (job.queued_ms or job.started_ms or 0) // 1000 or None, ""


def _add(
    lines: dict[str, list[str]], prefix: str, names: Sequence[str], values: Sequence[str], samples: Values
) -> None:
    inner = labels(names, values)
    for name, value, status in samples:
        if value is not None:
            more = f'{inner},status="{status}"' if status else inner
            lines.setdefault(f"{prefix}_{name}", []).append(line(f"{prefix}_{name}", more, value))


def _help_blocks(prefix: str, helps: Mapping[str, str], lines: Mapping[str, Sequence[str]]) -> list[Block]:
    return [
        Block(f"{prefix}_{name}", Type.GAUGE, text, lines.get(f"{prefix}_{name}", ())) for name, text in helps.items()
    ]


def _seconds(began_ms: int | None, ended_ms: int | None) -> float | None:
    return None if began_ms is None or ended_ms is None else max(0, ended_ms - began_ms) / 1000
