"""The e-process on absolute limits."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.statistics.limits import LAMBDAS, e_values, least_blocks


@given(st.floats(0, 1), st.integers(1, 30))
def test_e_is_the_mean_of_the_bets_drawn_together_by_what_correlation_takes(share, number):
    inflation = (number + 54) / (number + 18)  # equal blocks show no correlation
    bets = [(1 + rate * (share - 0.05) / 0.05) ** (number / inflation) for rate in LAMBDAS]
    assert list(e_values([share] * number, 0.05))[-1] == pytest.approx(sum(bets) / len(bets), rel=1e-6)


@given(st.floats(0, 0.9), st.floats(0, 0.1), st.integers(1, 60))
def test_more_bad_answers_in_every_block_never_lower_the_evidence(share, more, number):
    low, high = (list(e_values([each] * number, 0.05))[-1] for each in (share, share + more))
    assert high >= low * (1 - 1e-9)


def ever_failed(shares, allowed=0.05):
    return max(e_values(shares, allowed)) >= 100


def test_a_service_at_its_limit_fails_in_one_percent_of_watches_at_most():
    chance = random.Random(7)
    watches = [[sum(chance.random() < 0.05 for _ in range(25)) / 25 for _ in range(60)] for _ in range(600)]
    assert sum(map(ever_failed, watches)) <= 12  # 99 % of binomial(600, 1 %)


def test_neighbours_that_are_bad_together_for_twenty_seconds_rarely_fail_a_service_at_its_limit():
    chance = random.Random(7)
    watches = [[0.25 * bad for bad in (chance.random() < 0.2 for _ in range(15)) for _ in range(4)] for _ in range(400)]
    assert sum(map(ever_failed, watches)) <= 20  # 5 %, and one in four without the correction


@pytest.mark.parametrize("bad", [10**5, 10**3])
def test_an_endless_outage_overflows_nothing(bad):
    assert list(e_values([1.0] * bad, 0.001))[-1] > 1e200


def test_four_blocks_of_nothing_but_failures_are_enough_for_a_limit_of_one_percent():
    assert least_blocks(0.01, 0.01) == 4
