"""When the judge looks, and what it spends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.statistics.schedule import Look, Schedule


def look(at_s, **how):
    return Look(at_s=at_s, schedule=Schedule(watch_s=300.0, extend_s=300.0, **how), alpha=0.01)


@given(st.floats(15, 2000), st.floats(0, 2000), st.sampled_from([5.0, 15.0, 60.0]), st.floats(5, 100))
def test_looks_never_spend_more_than_alpha(watch_s, extend_s, block_s, sustain_s):
    schedule = Schedule(watch_s=watch_s, extend_s=extend_s, sustain_s=sustain_s)
    looks = (Look(at_s=at_s, schedule=schedule, alpha=0.01) for at_s in schedule.looks_s())
    assert sum(window.level for each in looks for window in each.windows(block_s, sustain_s)) <= 1 + 1e-9


def test_the_planned_end_spends_most():
    levels = {at_s: look(at_s).windows(5.0, 45.0)[0].level for at_s in (45.0, 300.0, 315.0, 600.0)}
    assert max(levels, key=levels.get) == 300.0


def test_looks_are_fifteen_seconds_apart_and_at_both_ends():
    assert Schedule(watch_s=40.0, extend_s=10.0).looks_s() == [15.0, 30.0, 40.0, 45.0, 50.0]


@pytest.mark.parametrize(
    ("at_s", "seconds"),
    [(30.0, []), (45.0, [45]), (75.0, [75, 60]), (135.0, [135, 60, 120]), (300.0, [300, 60, 120])],
)
def test_windows_are_all_so_far_and_the_last_one_and_two_minutes(at_s, seconds):
    assert [window.seconds for window in look(at_s).windows(5.0, 45.0)] == seconds


def test_a_second_between_two_looks_tests_nothing():
    assert look(52.0).windows(5.0, 45.0) == []
