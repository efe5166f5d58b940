"""A step whose reporter was killed before anybody was told of it is judged by the next call, once."""

import os
from collections.abc import Callable

import pytest

from ci_reporter.frozen import replace
from ci_reporter.journal import Journal, Running
from ci_reporter.journal.unjudged import Unjudged, forget, left_behind, take_over

ALERTS = {"gate": False, "notify_on": "always", "notify_to": ["slack"]}


@pytest.fixture
def begin(journal: Journal, make_report) -> Callable[[], Running]:
    """Begin a step of which somebody is to be told."""
    return lambda: journal.begin(make_report(finished_at=None), ALERTS)


def judged(journal, more=lambda: True):
    return take_over(journal, lambda step: step, more)


def test_a_step_killed_while_it_ran_is_judged_after_it_was_recovered(journal, begin):
    os.close(begin().fd)
    (report,) = journal.recover(())
    assert judged(journal) == [Unjudged(report=report, notify_on="always", notify_to=("slack",))]
    assert judged(journal) == []


def test_a_step_killed_after_its_record_is_judged_by_its_record(journal, begin, make_report):
    running = begin()
    done = replace(make_report(exit_code=3), report_id=running.report.report_id)
    journal.finish(running, done, ())
    os.close(running.fd)
    assert [each.report for each in judged(journal)] == [done]


def test_a_step_killed_between_its_record_and_the_move_is_judged(journal, begin, make_report):
    running = begin()
    journal.finish(None, replace(make_report(), report_id=running.report.report_id), ())
    os.close(running.fd)
    assert (journal.recover(()), len(judged(journal))) == ([], 1)


def test_a_step_whose_reporter_lives_is_left_to_it(journal, begin, make_report):
    running = begin()
    journal.finish(running, replace(make_report(), report_id=running.report.report_id), ())
    assert (judged(journal), left_behind(journal)) == ([], 0)
    forget(running)
    assert os.listdir(journal.unjudged) == []


def test_a_step_that_tells_nobody_is_not_judged(journal, make_orphan):
    make_orphan()
    journal.recover(())
    assert not os.path.exists(journal.unjudged)


def test_what_time_does_not_reach_for_is_left_to_the_next_call(journal, begin):
    for _ in range(3):
        os.close(begin().fd)
    journal.recover(())
    enough = iter((True, True, False))
    assert (len(judged(journal, lambda: next(enough))), left_behind(journal)) == (2, 1)


@pytest.mark.parametrize("text", ["", "[]", '{"report_id": 1}', '{"report_id": "gone", "alerts": {}}'])
def test_a_file_that_is_not_ours_is_passed_over(journal, text):
    os.makedirs(journal.unjudged)
    with open(os.path.join(journal.unjudged, "x.json"), "w") as file:
        file.write(text)
    assert (judged(journal), left_behind(journal)) == ([], 0)
