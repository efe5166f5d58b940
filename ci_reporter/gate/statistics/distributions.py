"""Tails of the distributions that the judge needs: beta, Student's t, binomial, and a bound of Poisson's mean.

All but the last come from one function, the incomplete beta function.
"""

from __future__ import annotations

from math import erfc, exp, lgamma, log, log1p, pi, sqrt
from statistics import NormalDist

_MOST_DRAWS = 10**8  # beyond it lgamma's rounding is larger than what the normal distribution gets wrong
_TINY = 1e-300
_MOST_STEPS = 60
_NORMAL = NormalDist()


def incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b), the regularised incomplete beta function.

    The continued fraction converges fast below (a + 1) / (a + b + 2); above it I_x(a, b) = 1 - I_{1-x}(b, a).
    Source: M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 1964, 26.5.2 and 26.5.8.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x <= (a + 1) / (a + b + 2):
        return min(_beta(a, b, x), 1.0)
    return max(1 - _beta(b, a, 1 - x), 0.0)


def student_tail(t: float, df: float) -> float:
    """P(T ≥ t) of Student's t with `df` degrees of freedom, which need not be whole. Source: the same book, 26.7.1."""
    p = incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2
    return p if t > 0 else 1 - p


def student_quantile(p: float, df: float) -> float:
    """The t that Student's t exceeds with probability p ≤ 1/2, to four digits: a power needs no more.

    Newton's steps on ln P(T ≥ t). It is convex where the tail is heavier than the normal one, and the normal quantile
    lies on its left, so the steps do not overshoot: five or six of them do, where bisection takes twenty.
    """
    t = -_NORMAL.inv_cdf(p)
    for _ in range(_MOST_STEPS):
        tail = student_tail(t, df)
        step = tail / _student_density(t, df) * log(tail / p)
        t += step
        if abs(step) <= 1e-5 * t:
            break
    return t


def _student_density(t: float, df: float) -> float:
    front = exp(lgamma((df + 1) / 2) - lgamma(df / 2)) / sqrt(df * pi)
    return float(front * (1 + t * t / df) ** (-(df + 1) / 2))


def binomial_tail(at_least: int, draws: int, chance: float) -> float:
    """P(Bin(draws, chance) ≥ at_least) = I_chance(at_least, draws - at_least + 1). Source: the same book, 26.5.24."""
    if at_least <= 0 or chance >= 1:
        return 1.0
    if chance <= 0 or at_least > draws:
        return 0.0
    if draws > _MOST_DRAWS:
        return erfc((at_least - 0.5 - draws * chance) / sqrt(2 * draws * chance * (1 - chance))) / 2
    return incomplete_beta(float(at_least), float(draws - at_least + 1), chance)


def poisson_upper_bound(events: float, error: float) -> float:
    """The mean above which so few events would come with a probability below `error`.

    It is half of a quantile of chi-squared with 2 (events + 1) degrees of freedom, here by Wilson's and Hilferty's
    cube. Source: E. Wilson, M. Hilferty, "The distribution of chi-square", 1931.
    """
    shape = events + 1
    return float(shape * (1 - 1 / (9 * shape) + _NORMAL.inv_cdf(1 - error) / (3 * sqrt(shape))) ** 3)


def _beta(a: float, b: float, x: float) -> float:
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    return front * _fraction(a, b, x) if front else 0.0


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction 26.5.8 of the same book, evaluated forwards.

    Source: W. Lentz, "Generating Bessel functions in Mie scattering calculations using continued fractions", 1976.
    """
    up, down = 1.0, 1 / (1 - (a + b) * x / (a + 1) or _TINY)
    found = down
    for step in range(1, 100_000):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        down = 1 / (1 + even * down or _TINY)
        up = 1 + even / up or _TINY
        found *= up * down
        down = 1 / (1 + odd * down or _TINY)
        up = 1 + odd / up or _TINY
        found *= up * down
        if abs(up * down - 1) < 1e-13:
            break
    return found
