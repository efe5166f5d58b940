"""What the exporter's dashboards read: its names, its labels, its words."""

from __future__ import annotations

import pytest

from ci_reporter.hub.exposition import exposition
from ci_reporter.hub.poll.gcpe import Gcpe
from ci_reporter.hub.runs.book import Source, record
from ci_reporter.hub.runs.run import Job, Key, Run, Status

NOW_MS = 1_700_000_000_000


def make_run(number, status=Status.SUCCESS, **more):
    at_ms = NOW_MS + number * 100_000
    known = {
        "key": Key("gitlab", "git.example", "acme/shop", str(number), 1),
        "pipeline": "acme/shop",
        "status": status,
        "branch": "main",
        "queued_ms": at_ms - 4_000,
        "started_ms": at_ms,
        "finished_ms": at_ms + 60_000 if status.is_final else None,
        "updated_ms": at_ms + 60_000,
    }
    return Run(**{**known, **more})


@pytest.fixture
def text(store):
    def of(*runs):
        found = Gcpe(store, lambda: NOW_MS / 1000)
        record(store, runs, source=Source.POLL, now_ms=NOW_MS + 1)
        return exposition(found.blocks(), openmetrics=False)

    return of


def test_the_most_recent_pipeline_of_a_ref_is_told(text):
    jobs = (Job(job_id="21", name="unit", status=Status.FAILURE, stage="test", runner="docker-1", started_ms=NOW_MS),)
    found = text(make_run(1), make_run(2, Status.TIMEOUT, coverage_pct=91.5, jobs=jobs))
    labels = 'project="acme/shop",ref="main",kind="branch"'
    for expected in (
        f"gitlab_ci_pipeline_id{{{labels}}} 2\n",
        f'gitlab_ci_pipeline_status{{{labels},status="failed"}} 1\n',
        f"gitlab_ci_pipeline_duration_seconds{{{labels}}} 60\n",
        f"gitlab_ci_pipeline_queued_duration_seconds{{{labels}}} 4\n",
        f"gitlab_ci_pipeline_coverage{{{labels}}} 91.5\n",
        f"gitlab_ci_pipeline_run_count{{{labels}}} 2\n",
        f'gitlab_ci_pipeline_job_id{{{labels},stage="test",job_name="unit",runner_description="docker-1"}} 21\n',
    ):
        assert expected in found
    assert found.count("gitlab_ci_pipeline_id{") == 1


def test_a_run_that_goes_on_has_no_duration_and_the_exporters_word(text):
    found = text(make_run(1, Status.RUNNING), make_run(2, Status.QUEUED, branch=None, change="7", started_ms=None))
    assert 'gitlab_ci_pipeline_status{project="acme/shop",ref="main",kind="branch",status="running"} 1\n' in found
    assert 'gitlab_ci_pipeline_status{project="acme/shop",ref="7",kind="merge-request",status="pending"} 1\n' in found
    assert "gitlab_ci_pipeline_duration_seconds{" not in found


def test_runs_of_other_ci_systems_are_not_told(text):
    assert text(make_run(1, key=Key("github", "github.com", "acme/shop", "1", 1))) == ""
