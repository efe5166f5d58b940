"""Tails, against the sum of their terms and SciPy."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.statistics.distributions import (
    binomial_tail,
    incomplete_beta,
    poisson_upper_bound,
    student_quantile,
    student_tail,
)


@given(st.integers(0, 30), st.integers(0, 30), st.floats(0.01, 0.99))
def test_a_binomial_tail_is_the_sum_of_its_terms(at_least, draws, chance):
    terms = (comb(draws, hits) * chance**hits * (1 - chance) ** (draws - hits) for hits in range(at_least, draws + 1))
    assert binomial_tail(at_least, draws, chance) == pytest.approx(sum(terms), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("at_least", "draws", "chance"),
    [(5, 10, 0.3), (60, 62, 0.9), (1, 1, 0.5), (520_000, 10**6, 0.519), (10**9 + 10**5, 2 * 10**9, 0.5)],
)
def test_scipy_has_the_same_binomial_tail(stats, at_least, draws, chance):
    assert binomial_tail(at_least, draws, chance) == pytest.approx(
        stats.binom.sf(at_least - 1, draws, chance), rel=1e-5
    )


@pytest.mark.parametrize("draws", [10**6, 10**9, 10**15])
def test_counts_of_any_size_take_no_time(draws):
    assert binomial_tail(draws // 2, draws, 0.5) == pytest.approx(0.5, abs=1e-3)


@given(st.floats(0.5, 300), st.floats(0.5, 300), st.floats(0.001, 0.999))
def test_scipy_has_the_same_incomplete_beta(stats, a, b, x):
    assert incomplete_beta(a, b, x) == pytest.approx(stats.beta.cdf(x, a, b), rel=1e-6, abs=1e-12)


@given(st.floats(-8, 40), st.floats(2, 200))
def test_scipy_has_the_same_tail_of_students_t(stats, t, df):
    assert student_tail(t, df) == pytest.approx(stats.t.sf(t, df), rel=1e-6, abs=1e-14)


@given(st.floats(1e-7, 0.5), st.floats(2, 200))
def test_a_quantile_of_students_t_has_that_tail(p, df):
    assert student_tail(student_quantile(p, df), df) == pytest.approx(p, rel=0.02)


@pytest.mark.parametrize("events", [0, 1, 3, 10, 100])
def test_a_poisson_bound_is_near_the_exact_one(stats, events):
    assert poisson_upper_bound(events, 0.05) == pytest.approx(stats.chi2.ppf(0.95, 2 * events + 2) / 2, rel=0.02)
