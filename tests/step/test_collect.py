"""What is recorded after the fact: report files of another step, and a job that nobody wrapped."""

import os
import time

from ci_reporter.model import Result, Run
from ci_reporter.step.collect import JobEnd, collect


def test_files_are_recorded_whatever_their_age(make_context, tmp_path):
    (tmp_path / "lcov.info").write_text("SF:a\nDA:1,1\nend_of_record\n")
    context = make_context(coverage=["lcov.info"])
    conclusion = collect(context, Run(ci_run_id="local-1"))
    assert (conclusion.report.step.name, conclusion.report.coverage_pct) == ("collect", 100.0)
    assert list(context.journal.reports()) == [conclusion.report]


def test_a_job_is_recorded_as_its_ci_system_says_it_ended(make_context):
    context = make_context()
    run = Run(ci_run_id="gitlab-7", job_name="unit")
    step = collect(context, run, JobEnd(result=Result.FAILURE, started_s=time.time() - 65)).report.step
    assert (step.name, step.result, step.exit_code) == ("unit", Result.FAILURE, None)
    assert 65_000 <= step.duration_ms < 95_000


def test_a_jobs_duration_is_unknown_where_its_start_is(make_context):
    step = collect(make_context(), Run(ci_run_id="a"), JobEnd(result=Result.SUCCESS)).report.step
    assert (step.name, step.started_at, step.duration_ms) == ("job", None, None)


def test_a_job_does_not_count_files_from_before_its_start(make_context, tmp_path):
    (tmp_path / "lcov.info").write_text("SF:a\nDA:1,1\nend_of_record\n")
    os.utime(tmp_path / "lcov.info", (1e9, 1e9))
    context = make_context(coverage=["lcov.info"])
    job = JobEnd(result=Result.SUCCESS, started_s=time.time() - 65)
    assert collect(context, Run(ci_run_id="a"), job).report.coverage_pct is None


def test_a_limit_that_a_job_misses_is_a_warning(make_context, tmp_path):
    (tmp_path / "lcov.info").write_text("SF:a\nDA:1,0\nend_of_record\n")
    context = make_context(coverage=["lcov.info"], coverage_min_pct="50")
    conclusion = collect(context, Run(ci_run_id="a"), JobEnd(result=Result.SUCCESS))
    assert (conclusion.report.step.result, conclusion.exit_code) == (Result.SUCCESS, 0)
    assert any("below the required 50 %" in each for each in conclusion.warnings)
