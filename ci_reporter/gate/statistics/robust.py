"""The robust test of a window's mean against the mean before it, for blocks that resemble their neighbours.

Blocks are never widened until they are independent, as too few would be left to reach any level. Their correlation goes
into the standard error instead: n blocks with a lag-1 correlation of ρ tell as much about a mean as n / v(n)
independent ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import erfc, sqrt

from ci_reporter.gate.statistics.distributions import student_tail

_LARGEST_CORRELATION = 0.92
_FEWEST_DF = 2.0


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring values, summed up: how many, their mean, Σ r² and Σ r_t r_{t+1} of the residuals r about it."""

    number: int
    mean: float
    squares: float
    products: float


def segment(values: Sequence[float]) -> Segment:
    """Sum up neighbouring values, at least one."""
    number, total = len(values), sum(values)
    mean = total / number
    squares = sum(value * value for value in values) - number * mean * mean
    crossed = sum(map(float.__mul__, values, values[1:]))
    products = crossed - mean * (2 * total - values[0] - values[-1]) + (number - 1) * mean * mean
    return Segment(number, mean, max(squares, 0.0), products)


def inflation(rho: float, number: int) -> float:
    """v(n) = n · Var(mean of n) / Var(one) of an AR(1) with correlation ρ.

    Var(Σ x) = n + 2 Σ_{h<n} (n − h) ρ^h times the variance of one, and that sum is a geometric series. Example: ρ = .5
    and 12 blocks give v = 2.67, so they count as 4.5 independent ones.
    """
    if not rho:
        return 1.0
    return (1 + rho) / (1 - rho) - 2 * rho * (1 - rho**number) / (number * (1 - rho) ** 2)


@dataclass(frozen=True, slots=True)
class Noise:
    """How blocks scatter: variance of one, lag-1 correlation, and the degrees of freedom that are known from."""

    variance: float
    rho: float
    df: float


def noise(segments: Sequence[Segment], least: float) -> Noise:
    """The scatter inside the segments, so that a step from one to the next is not counted as noise.

    Residuals about a fitted mean make r = Σ r_t r_{t+1} / Σ r² too small by about (1 + 3r) / n, which is added back for
    each of the k means (M. Kendall, "Note on bias in the estimation of autocorrelation", 1954). Σ r² of a segment has
    the expectation σ² (n − v(n)), which gives the variance; it is never taken for less than `least`.
    """
    number = sum(each.number for each in segments)
    squares = sum(each.squares for each in segments)
    rho = (
        _correlation(sum(each.products for each in segments) / squares, len(segments), number)
        if squares > 1e-12
        else 0.0
    )
    inflations = [inflation(rho, each.number) for each in segments]
    free = sum(each.number - v for each, v in zip(segments, inflations, strict=True))
    variance = squares / free if free > 0.5 else squares
    df = sum(each.number / v for each, v in zip(segments, inflations, strict=True)) - len(segments)
    return Noise(max(variance, least), rho, max(df, _FEWEST_DF))


def _correlation(raw: float, means: int, number: int) -> float:
    if raw <= 0 or number <= 3 * means:
        return 0.0
    return min(raw + (1 + 3 * raw) * means / number, _LARGEST_CORRELATION)


@dataclass(frozen=True)
class Contrast:
    """The window's mean less the reference's, its standard error, and the reference's mean."""

    difference: float
    error: float
    df: float
    reference: float

    @cached_property
    def p(self) -> float:
        """The chance of a difference that large where there is none, by Student's t.

        Below one standard error the normal distribution is near enough for what fails nothing.
        """
        t = self.difference / self.error
        return student_tail(t, self.df) if t > 1 else erfc(t / sqrt(2)) / 2

    def chance_above(self, most: float) -> float:
        """How surprising a difference that small is if the true one is `most`: below β it is ruled out."""
        return student_tail((most - self.difference) / self.error, self.df)


def contrast(references: Sequence[Segment], window: Segment, least: float) -> Contrast:
    """Hold a window against the reference segments, weighted by their length.

    The variance of the difference is σ² (v(n_w)/n_w + Σ nᵢ v(nᵢ) / n_ref²): each segment's mean has σ² v(nᵢ)/nᵢ, and
    the reference's mean weighs it by nᵢ/n_ref.
    """
    scatter = noise([*references, window], least)
    number = sum(each.number for each in references)
    mean = sum(each.number * each.mean for each in references) / number
    of_references = sum(each.number * inflation(scatter.rho, each.number) for each in references) / number**2
    of_window = inflation(scatter.rho, window.number) / window.number
    error = sqrt(scatter.variance * (of_window + of_references))
    return Contrast(window.mean - mean, error, scatter.df, mean)
