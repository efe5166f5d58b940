"""Jobs of a run as its API tells them: which have a record, and the reports of those that have none."""

import pytest

from ci_reporter.frozen import replace
from ci_reporter.http.upstream import Job
from ci_reporter.model import Report, Result, Run, Step
from ci_reporter.step.jobs import report_id, report_of, sort_jobs

RUN = Run(
    ci_run_id="github-17012345678-1", provider="github", repository="acme/shop", pipeline="CI", attempt="1", node="me"
)


def make_job(**known):
    about = {
        "id": "11",
        "name": "lint",
        "status": "success",
        "ended": True,
        "attempt": "1",
        "started_at": "2026-01-31T12:00:00.000Z",
        "finished_at": "2026-01-31T12:01:30.000Z",
        "runner": "runner 11",
    }
    return Job(**about | known)


def make_record(started_at="2026-01-31T12:00:10.000Z", **run):
    return Report(
        report_id="x",
        run=replace(RUN, **{"job_name": "other", "node": None} | run),
        step=Step(name="s", result=Result.SUCCESS, started_at=started_at),
    )


def kind(job, *known, run=RUN, pushed=None):
    """In which part of the sorted jobs it is."""
    found = sort_jobs(run, [job], known, pushed or {})
    return next((name for name, jobs in vars(found).items() if jobs), None)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (make_record(job_id="11"), "covered"),
        (make_record(job_id="11", ci_run_id="gitlab-child"), "covered"),
        (make_record(job_id="12", job_name="lint"), "missing"),
        (make_record(job_name="lint"), "covered"),
        (make_record(job_name="lint", ci_run_id="github-17012345678-2"), "missing"),
        (make_record(node="runner 11"), "covered"),
        (make_record(node="runner 11", started_at="2026-01-31T12:30:00.000Z"), "missing"),
        (make_record(node="runner 12"), "missing"),
        (make_record(), "missing"),
    ],
    ids=["id", "id in a child", "other id", "name", "name in another run", "runner", "too late", "other", "nothing"],
)
def test_a_record_is_of_a_job_by_id_name_or_runner_and_time(record, expected):
    assert kind(make_job(), record) == expected


@pytest.mark.parametrize(
    ("ended_s", "expected"), [(1769860890.0, "covered"), (1769860000.0, "missing")], ids=["this attempt", "another"]
)
def test_a_job_that_pushed_by_itself_has_a_record(ended_s, expected):
    assert kind(make_job(), pushed={"lint": ended_s}) == expected


def test_a_job_that_was_recorded_from_the_api_is_not_recorded_again(make_context):
    assert kind(make_job(), report_of(make_context(), RUN, make_job())) == "covered"


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (make_job(status="queued", ended=False), "running"),
        (make_job(status="stale"), "unclear"),
        (make_job(attempt="2"), "earlier"),
        (make_job(status="in_progress", ended=False, runner="me"), None),
    ],
    ids=["queued", "a word that nobody knows", "another attempt", "the one that asks"],
)
def test_what_has_no_end_of_this_attempt_is_not_recorded(job, expected):
    assert kind(job) == expected


def test_the_job_that_asks_is_left_out_by_its_id():
    run = replace(RUN, job_id="11")
    assert (kind(make_job(), run=run), kind(make_job(id="12"), run=run)) == (None, "missing")


def test_a_report_says_what_the_api_tells(make_context):
    report = report_of(make_context(environment="staging"), RUN, make_job(stage="test", url="https://x/11"))
    assert (report.step.name, report.step.result, report.step.duration_ms) == ("lint", Result.SUCCESS, 90_000)
    assert (report.run.job_name, report.run.job_id, report.run.job_url) == ("lint", "11", "https://x/11")
    assert (report.run.node, report.run.stage, report.environment) == ("runner 11", "test", "staging")
    assert (report.run.ci_run_id, report.step.exit_code) == (RUN.ci_run_id, None)


def test_a_job_of_a_child_pipeline_has_that_pipelines_number_and_page(make_context):
    job = make_job(pipeline_id="4712", pipeline_url="https://gitlab.example/-/pipelines/4712")
    report = report_of(make_context(), RUN, job)
    assert (report.run.ci_run_id, report.run.pipeline_id) == (RUN.ci_run_id, "4712")
    assert report.run.run_url == job.pipeline_url


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("failed", Result.FAILURE),
        ("failure", Result.FAILURE),
        ("timed_out", Result.TIMEOUT),
        ("cancelled", Result.CANCELLATION),
        ("canceled", Result.CANCELLATION),
        ("startup_failure", Result.ERROR),
        ("error", Result.ERROR),
    ],
)
def test_the_end_of_a_job_is_a_result(make_context, status, result):
    assert report_of(make_context(), RUN, make_job(status=status)).step.result is result


def test_a_job_that_was_skipped_has_no_duration(make_context):
    step = report_of(make_context(), RUN, make_job(status="skipped")).step
    assert (step.result, step.duration_ms) == (Result.SKIP, None)


def test_clocks_that_go_back_make_no_negative_duration(make_context):
    job = make_job(finished_at="2026-01-31T11:59:59.000Z")
    assert report_of(make_context(), RUN, job).step.duration_ms == 0


def test_the_id_is_the_same_each_time_and_another_for_another_job_or_attempt():
    ids = [
        report_id(RUN, make_job()),
        report_id(RUN, make_job(id="12")),
        report_id(replace(RUN, attempt="2"), make_job()),
    ]
    assert len(set(ids)) == 3
    assert report_id(RUN, make_job(status="failed")) == ids[0]


def test_ids_sort_by_the_time_of_their_jobs():
    early, late = make_job(), make_job(started_at="2026-01-31T12:00:00.001Z")
    assert report_id(RUN, early) < report_id(RUN, late)
