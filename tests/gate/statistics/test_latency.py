"""The tests of one window for latency."""

from math import comb

import pytest

from ci_reporter.gate.statistics.latency import (
    Measured,
    Sides,
    batches,
    compare,
    compare_batches,
    exact_p,
    margin,
)
from ci_reporter.gate.statistics.scores import scores
from ci_reporter.gate.statistics.series import Series
from tests.gate.statistics.makers import block, make_blocks

LEVEL = 1e-4


def tried(baseline, window, over=0.1, level=LEVEL):
    sides = Sides(baseline=baseline, earlier=[], window=window)
    tests = scores(baseline, 0.95)
    series = Series(tests, baseline)
    measured = [
        Measured(
            score=score,
            over=over,
            values=series.window(at, window, 0, over),
            references=series.references(at, window, 0),
            sides=sides,
        )
        for at, score in enumerate(tests)
    ]
    return [compare(each, level) for each in measured]


def test_twice_as_slow_fails():
    assert any(each.failed for each in tried(make_blocks(24), make_blocks(24, slower=2.0, seed=2)))


def test_the_same_neither_fails_nor_is_suspicious():
    found = tried(make_blocks(24), make_blocks(60, seed=2))
    assert not any(each.failed or each.suspicious for each in found)


def test_a_change_within_the_margin_is_none():
    assert not any(each.failed for each in tried(make_blocks(24), make_blocks(60, slower=1.3, seed=2), over=0.5))


def test_a_change_that_is_over_by_the_last_third_does_not_fail():
    window = [*make_blocks(40, slower=3.0, seed=2), *make_blocks(20, seed=3)]
    assert not any(each.failed for each in tried(make_blocks(24), window))


def test_a_change_that_does_not_reach_its_level_is_suspicious():
    found = tried(make_blocks(24), make_blocks(24, slower=2.0, seed=2), level=1e-30)
    assert not any(each.failed for each in found)
    assert any(each.suspicious for each in found)


def test_what_fails_has_an_exact_p_at_its_level():
    failed = [each for each in tried(make_blocks(24), make_blocks(60, slower=1.5, seed=2)) if each.failed]
    assert failed
    assert all(each.p <= each.level for each in failed)


def test_windows_that_do_not_overlap_have_the_least_exact_p():
    old, new = make_blocks(24), make_blocks(6, slower=100.0, seed=2)
    score = scores(old, 0.95)[0]
    assert exact_p(score, Sides(baseline=old, earlier=[], window=new), 0.1) == pytest.approx(1 / comb(30, 6))


def test_answers_that_never_came_count_as_slow():
    window = [block(*[100.0] * 10, bad=15) for _ in range(24)]
    assert any(each.failed for each in tried(make_blocks(24), window))


@pytest.mark.parametrize(("seconds", "needed"), [(45, 30 / 45), (60, 0.5), (300, 0.1), (600, 0.1)])
def test_a_moderate_change_must_have_lasted(seconds, needed):
    assert margin(0.1, seconds) == pytest.approx(needed)


def test_batches_see_a_tail_that_grows_beyond_the_highest_quantile():
    old, new = (batches(make_blocks(24, slower=by, seed=by), 5.0, 0.95, answered=True) for by in (1, 3))
    assert compare_batches(old, new, 0.1, 0.01).failed


def test_three_batches_are_too_few_to_compare():
    old, new = (batches(make_blocks(18, slower=by, seed=by), 5.0, 0.95, answered=True) for by in (1, 30))
    assert compare_batches(old, new, 0.1, 0.5).p == 1.0


def test_an_incomplete_batch_and_an_empty_one_tell_nothing():
    assert batches([None] * 6 + make_blocks(8), 5.0, 0.95, answered=True)[0] is None
    assert len(batches(make_blocks(8), 5.0, 0.95, answered=True)) == 1
