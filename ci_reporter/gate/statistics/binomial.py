"""The upper tail of the binomial distribution, for any counts."""

from __future__ import annotations

from math import erfc, exp, lgamma, log, log1p, sqrt

_MOST_DRAWS = 10**8  # beyond it lgamma's rounding is larger than what the normal distribution gets wrong
_TINY = 1e-300


def tail(at_least: int, draws: int, chance: float) -> float:
    """P(Bin(draws, chance) ≥ at_least), which is the incomplete beta function I_chance(at_least, draws - at_least + 1).

    Source: M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 1964, 26.5.24.
    """
    if at_least <= 0 or chance >= 1:
        return 1.0
    if chance <= 0 or at_least > draws:
        return 0.0
    if draws > _MOST_DRAWS:
        return erfc((at_least - 0.5 - draws * chance) / sqrt(2 * draws * chance * (1 - chance))) / 2
    a, b = float(at_least), float(draws - at_least + 1)
    if chance <= (a + 1) / (a + b + 2):
        return min(_beta(a, b, chance), 1.0)
    return max(1 - _beta(b, a, 1 - chance), 0.0)


def _beta(a: float, b: float, x: float) -> float:
    """I_x(a, b) where the continued fraction converges fast, which is x below (a + 1) / (a + b + 2)."""
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    return front * _fraction(a, b, x) if front else 0.0


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction 26.5.8 of the same book, evaluated forwards.

    Source: W. Lentz, "Generating Bessel functions in Mie scattering calculations using continued fractions", 1976.
    """
    up, down = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    found = down
    for step in range(1, 100_000):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for term in (even, odd):
            down = 1 / _away_from_zero(1 + term * down)
            up = _away_from_zero(1 + term / up)
            found *= up * down
        if abs(up * down - 1) < 1e-15:
            break
    return found


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
