"""What a cart promises."""

from __future__ import annotations

import pytest
from cart import shipping, total


def test_total_is_the_sum_of_the_prices() -> None:
    """No discount, no surprise."""
    assert total([10, 2.5]) == 12.5


def test_discount_is_taken_off() -> None:
    """A share of the sum."""
    assert total([10, 10], discount=0.25) == 15


def test_discount_above_one_is_refused() -> None:
    """Nobody is paid for shopping."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        total([10], discount=1.5)


def test_light_parcels_are_cheap() -> None:
    """Heavy ones are left untested, so that coverage is not 100 %."""
    assert shipping(1) == 4.9
