"""A shopping cart, small enough to test in a glance."""

from __future__ import annotations


def total(prices: list[float], discount: float = 0.0) -> float:
    """Sum of the prices less the discount, a share between 0 and 1."""
    if not 0 <= discount <= 1:
        raise ValueError(f"discount must be between 0 and 1, not {discount}")
    return round(sum(prices) * (1 - discount), 2)


def shipping(weight_kg: float) -> float:
    """What sending it costs."""
    if weight_kg <= 5:
        return 4.9
    return 9.9
