"""Sightings of runs and jobs, by their makers."""

from __future__ import annotations

from ci_reporter.hub.runs.run import Job, Key, Run, Status


def make_run(status="running", updated_ms=1_000, *, run_id="17", attempt=1, **more):
    """Make a sighting of a run of GitHub's."""
    key = Key("github", more.pop("host", "github.com"), more.pop("repository", "acme/shop"), run_id, attempt)
    known = {"pipeline": "CI", "branch": "main", "default_branch": "main"}
    return Run(key=key, status=Status(status), updated_ms=updated_ms, **{**known, **more})


def make_job(job_id="1", status="running", updated_ms=1_000, **more):
    """Make a sighting of a job."""
    return Job(job_id=job_id, status=Status(status), updated_ms=updated_ms, **{"name": f"job {job_id}", **more})
