"""The tail, against the sum of its terms and SciPy."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.statistics.binomial import tail


@given(st.integers(0, 30), st.integers(0, 30), st.floats(0.01, 0.99))
def test_tail_is_the_sum_of_its_terms(at_least, draws, chance):
    terms = (comb(draws, hits) * chance**hits * (1 - chance) ** (draws - hits) for hits in range(at_least, draws + 1))
    assert tail(at_least, draws, chance) == pytest.approx(sum(terms), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("at_least", "draws", "chance"),
    [
        (5, 10, 0.3),
        (60, 62, 0.9),
        (1, 1, 0.5),
        (27, 51, 0.29),
        (520_000, 10**6, 0.519),
        (10**9 + 10**5, 2 * 10**9, 0.5),
    ],
)
def test_scipy_has_the_same_tail(at_least, draws, chance):
    stats = pytest.importorskip("scipy.stats")
    assert tail(at_least, draws, chance) == pytest.approx(stats.binom.sf(at_least - 1, draws, chance), rel=1e-5)


@pytest.mark.parametrize("draws", [10**6, 10**9, 10**15])
def test_counts_of_any_size_take_no_time(draws):
    assert tail(draws // 2, draws, 0.5) == pytest.approx(0.5, abs=1e-3)
