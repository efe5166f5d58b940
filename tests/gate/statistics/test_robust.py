"""The robust test: against brute force, and on correlated noise."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.statistics.robust import contrast, inflation, noise, segment

VALUES = st.lists(st.floats(0, 1), min_size=2, max_size=40)


@given(VALUES)
def test_a_segment_sums_up_its_residuals(values):
    mean = sum(values) / len(values)
    apart = [value - mean for value in values]
    found = segment(values)
    assert (found.number, found.mean) == (len(values), pytest.approx(mean))
    assert found.squares == pytest.approx(sum(each * each for each in apart), abs=1e-9)
    assert found.products == pytest.approx(sum(a * b for a, b in pairwise(apart)), abs=1e-9)


@given(st.floats(0, 0.9), st.integers(1, 40))
def test_inflation_is_the_sum_of_all_correlations(rho, number):
    total = sum(rho ** abs(a - b) for a in range(number) for b in range(number))
    assert inflation(rho, number) == pytest.approx(total / number)


def autoregressive(number, rho, seed):
    chance, value, found = random.Random(seed), 0.0, []
    for _ in range(number):
        value = rho * value + chance.gauss(0, 1)
        found.append(value)
    return found


def test_correlated_blocks_tell_less():
    independent, correlated = (
        contrast([segment(values[:24])], segment(values[24:]), 0.0)
        for values in (autoregressive(84, 0.0, 1), autoregressive(84, 0.7, 1))
    )
    assert correlated.df < independent.df / 2


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.7])
def test_a_p_below_one_percent_is_rare_without_a_change(rho):
    values = [autoregressive(84, rho, seed) for seed in range(400)]
    small = sum(contrast([segment(each[:24])], segment(each[24:]), 0.0).p <= 0.01 for each in values)
    assert small <= 14  # 3.5 %: Student's t is an approximation for correlated blocks


def test_a_step_between_segments_is_not_noise():
    assert noise([segment([0.0, 1.0] * 6), segment([5.0, 6.0] * 6)], 0.0).variance < 0.3


def test_the_variance_is_never_below_what_independent_probes_have():
    assert noise([segment([0.5] * 12)], 0.01).variance == 0.01


def test_a_difference_that_is_allowed_is_ruled_out_only_by_far():
    found = contrast([segment([0.0, 0.1] * 12)], segment([0.0, 0.1] * 6), 0.0)
    assert found.chance_above(0.2) < 0.01
    assert found.chance_above(0.0) > 0.4
