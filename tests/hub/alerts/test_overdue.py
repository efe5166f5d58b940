"""What is too long is learned; nothing is said before somebody has looked again."""

import pytest

from ci_reporter.hub.alerts.overdue import Overdue, Suspicion, Usual, finding, suspicion
from ci_reporter.hub.runs.run import Job, Status

MIN = 60_000
SUSPECTED = Suspicion(what=Overdue.QUEUED, for_ms=30 * MIN, limit_ms=20 * MIN, basis="usually 1 min")


def make_job(status="running", **more):
    return Job(**{"job_id": "1", "name": "unit", "status": Status(status), "queued_ms": 0, "started_ms": 0} | more)


def minutes(*values):
    return [each * MIN for each in values]


@pytest.mark.parametrize(
    ("ran", "estimated", "limit"),
    [
        (minutes(9, 10, 11, 12, 40), None, 18 * MIN),
        (minutes(1, 1, 1, 1, 1), None, 3 * MIN),
        (minutes(9, 10), 30 * MIN, 60 * MIN),
        ([], 1 * MIN, 3 * MIN),
    ],
    ids=["all but the longest", "two minutes more", "estimate", "short estimate"],
)
def test_how_long_is_too_long(ran, estimated, limit):
    usual = Usual(ran_ms=ran, estimated_ms=estimated)
    assert suspicion(make_job(), usual, limit) is None
    assert suspicion(make_job(), usual, limit + 1).what is Overdue.RUNNING


def test_without_anything_to_learn_from_nothing_is_too_long():
    assert suspicion(make_job(), Usual(ran_ms=minutes(1, 1)), 100 * MIN) is None


def test_a_wait_is_judged_by_earlier_waits():
    usual = Usual(ran_ms=minutes(60, 60, 60, 60, 60), waited_ms=minutes(1, 1, 1, 1, 1))
    assert suspicion(make_job("queued"), usual, 12 * MIN).what is Overdue.QUEUED
    assert suspicion(make_job("queued"), usual, 10 * MIN) is None


def test_what_has_ended_is_not_overdue():
    assert suspicion(make_job("success"), Usual(ran_ms=minutes(1, 1, 1, 1, 1)), 100 * MIN) is None


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (None, Overdue.SILENT),
        (make_job("success"), Overdue.LOST),
        (make_job("queued"), Overdue.QUEUED),
        (make_job("running"), Overdue.NO),
    ],
    ids=["no answer", "ended", "still so", "runs now"],
)
def test_what_is_said_is_what_the_ci_system_says(look, expected):
    assert finding(SUSPECTED, look).what is expected
