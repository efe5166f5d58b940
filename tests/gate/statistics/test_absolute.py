"""The e-process."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.statistics.absolute import LAMBDAS, blocks_needed, e_values

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(SHARES)
def test_e_is_the_mean_of_the_bets(shares):
    products = []
    for rate in LAMBDAS:
        product = 1.0
        for share in shares:
            product *= 1 + rate * (share - 0.05) / 0.05
        products.append(product)
    assert list(e_values(shares, 0.05))[-1] == pytest.approx(sum(products) / len(products), rel=1e-6)


@given(SHARES, st.integers(0, 29), st.floats(0, 1))
def test_a_worse_block_never_lowers_the_evidence(shares, at, worse):
    at %= len(shares)
    raised = [max(share, worse) if i == at else share for i, share in enumerate(shares)]
    assert list(e_values(raised, 0.05))[-1] >= list(e_values(shares, 0.05))[-1] * (1 - 1e-9)


def test_a_service_at_its_limit_fails_in_one_percent_of_watches_at_most():
    chance = random.Random(7)
    ever = sum(
        max(e_values([sum(chance.random() < 0.05 for _ in range(25)) / 25 for _ in range(60)], 0.05)) >= 100
        for _ in range(1000)
    )
    assert ever <= 17  # 99 % of binomial(1000, 1 %)


@pytest.mark.parametrize("bad", [10**5, 10**3])
def test_an_endless_outage_overflows_nothing(bad):
    assert list(e_values([1.0] * bad, 0.001))[-1] > 1e200


def test_two_blocks_of_nothing_but_failures_are_enough_for_a_limit_of_one_percent():
    assert blocks_needed(0.01, 0.01) == 2
