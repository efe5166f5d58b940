"""A run in one line: what failed is counted once."""

import pytest

from ci_reporter.surfaces.headline import headline, took, verdict

OK, BAD = {"exit_code": 0}, {"exit_code": 1}
STOPPED = {"exit_code": 143, "result": "cancellation"}
GOOD_JOB = {"step": "job", "exit_code": None, "result": "success"}
BAD_JOB = GOOD_JOB | {"result": "failure"}


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([OK], "1 step, all good"),
        ([OK, OK], "2 steps, all good"),
        ([OK, BAD], "1 of 2 steps failed"),
        ([STOPPED, OK], "1 of 2 steps cancelled"),
        ([STOPPED, BAD, BAD], "2 of 3 steps failed, 1 cancelled"),
        ([OK, OK, GOOD_JOB], "2 steps, all good"),
        ([OK, BAD, BAD_JOB], "1 of 2 steps failed"),
        ([OK, OK, BAD_JOB], "1 of 3 steps failed"),
        ([BAD_JOB], "1 of 1 step failed"),
        ([OK, BAD_JOB | {"job_name": "job", "step": "job"}], "1 of 2 steps failed"),
    ],
)
def test_a_failure_is_counted_once(make_report, steps, said):
    assert verdict([make_report(**each) for each in steps]) == said


def test_it_says_where_the_run_was(make_report):
    assert headline([make_report()]) == "acme/shop · CI: 1 step, all good"


def test_a_run_lasts_from_the_first_start_to_the_last_end(make_report):
    later = make_report(started_at="2026-01-31T12:01:00.000Z", finished_at="2026-01-31T12:02:30.000Z")
    assert took([make_report(), later]) == "2 min 30 s"
    assert took([make_report(started_at=None)]) == ""
