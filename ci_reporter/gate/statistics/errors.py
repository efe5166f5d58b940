"""Is the error rate above the baseline's by more than a margin? The test of one window.

Errors come in bursts, so counts are deflated first: if the counts of blocks vary φ times as much as Poisson's would,
φ errors tell as much as one independent error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, sqrt

from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.distributions import incomplete_beta, poisson_upper_bound
from ci_reporter.gate.statistics.latency import Sides, Test
from ci_reporter.gate.statistics.robust import Segment, noise, segment

SUSPICIOUS = 0.02
_FEWEST, _FEWEST_DEFLATED = 3, 2.0
_LASTED = 0.1  # of a window's errors, in each third of it
_ERROR_OF_A_BOUND = 0.05
_LEAST_OF_DISPERSION = 0.6
_NINETY_FIVE = 1.65  # standard normal, one-sided 95 %
# Beliefs about a baseline without errors, as (weight, share of its probes): it is as clean as it looks, or was short.
_PRIORS = ((0.9, 1.0), (0.1, 1 / 12))


def compare(sides: Sides, margin: float, level: float, least_phi: float = 1.0) -> Test:
    """Test the errors of a window: p is the chance of that many where the rate is (1 + margin) times the old one.

    φ is never taken for less than `least_phi`, which past gates may have taught.
    """
    bad = sum(block.bad for block in sides.window)
    if bad < _FEWEST or min(_thirds(sides.window)) < max(1, _LASTED * bad):
        return Test(name="errors", level=level)
    phi = max(dispersion(sides), least_phi)
    if bad / phi < _FEWEST_DEFLATED:
        return Test(name="errors", level=level)
    p = predictive_p(sides, margin, phi)
    return Test(name="errors", level=level, p=p, failed=p <= level, suspicious=p <= SUSPICIOUS)


def dispersion(sides: Sides) -> float:
    """φ: how many times as much as Poisson's the counts of blocks vary, and their correlation on top; 1 at least.

    var / mean · (1 + ρ) / (1 − ρ) is n Var(mean) / mean of correlated counts. With `df` degrees of freedom it is above
    1 by chance alone about as far as 1.65 √(2/df), which is taken off.
    """
    segments = list(_counts(sides))
    number = sum(each.number for each in segments)
    mean = sum(each.number * each.mean for each in segments) / number
    if mean <= 0:
        return 1.0
    scatter = noise(segments, 0.0)
    variance, rho = scatter.variance, scatter.rho
    if rho < _NINETY_FIVE / sqrt(number) + 3 / number:  # as much correlation as chance gives is none
        variance, rho = sum(each.squares for each in segments) / max(number - 3, 1), 0.0
    chance = max(_LEAST_OF_DISPERSION, 1 - _NINETY_FIVE * sqrt(2 / scatter.df))
    return max(1.0, variance / mean * (1 + rho) / (1 - rho) * chance)


def _counts(sides: Sides) -> Iterator[Segment]:
    """The error counts, as if each block had seen as many probes or requests as the mean one."""
    everything = [*sides.reference, *sides.window]
    size = sum(block.total for block in everything) / len(everything)
    for each in (*sides.references, sides.window):
        yield segment([block.bad_share * size for block in each])


def predictive_p(sides: Sides, margin: float, phi: float) -> float:
    """The chance of as many errors as the window has, at (1 + margin) times the old rate; all counts deflated by φ."""
    window, reference, base = (Counts.of(each, phi) for each in (sides.window, sides.reference, sides.baseline))
    return predictive(window, reference, base.total, margin)


@dataclass(frozen=True, slots=True)
class Counts:
    """Bad ones of a total."""

    bad: float
    total: float

    @staticmethod
    def of(there: Sequence[Block], phi: float) -> Counts:
        """Those of the blocks together, deflated by φ."""
        return Counts(sum(block.bad for block in there) / phi, sum(block.total for block in there) / phi)


def predictive(window: Counts, reference: Counts, base: float, margin: float) -> float:
    """The chance of e or more errors in n probes, after g in m, at (1 + margin) times the rate.

    A rate known as Gamma(g + ½, m + b) makes the next count negative binomial, whose tail is I_q(e, g + ½) with
    q = n'/(n' + m + b), n' = (1 + margin) n. A prior of b = `base`, the baseline's probes, says "half an error was
    expected there", which is what makes 0 → 2 % visible; each prior is weighted by how well it foretold g. Half an
    error in m / 2g probes is the rate that was seen: such a prior leaves a rate of many errors as it is.
    """
    # Example: a clean baseline of 600 probes, then 6 errors in 500 at a margin of 50 %. With b = 600 the mean rate is
    # ½ in 1,200: for 1.5 × 500 = 750 probes .3 errors were foretold, and p is .0009; with b = 50 it would be .007.
    longer = (1 + margin) * window.total
    foretold, tails = [], []
    for weight, share in _PRIORS:
        b = base * share if share == 1 else min(base * share, reference.total / (2 * max(reference.bad, 0.5)))
        known = b + reference.total
        foretold.append(log(weight) + 0.5 * log(b / known) + reference.bad * log(reference.total / known))
        tails.append(incomplete_beta(window.bad, reference.bad + 0.5, longer / (longer + known)))
    weights = [exp(each - max(foretold)) for each in foretold]  # of thousands of errors, either alone is zero
    return sum(weight * tail for weight, tail in zip(weights, tails, strict=True)) / sum(weights)


def upper_bound(sides: Sides) -> float:
    """The upper 95 % bound of the window's error rate."""
    phi = dispersion(sides)
    seen = Counts.of(sides.window, phi)
    return poisson_upper_bound(seen.bad, _ERROR_OF_A_BOUND) / seen.total


def _thirds(window: Sequence[Block]) -> list[int]:
    edges = [len(window) * at // 3 for at in range(4)]
    return [sum(block.bad for block in window[a:b]) for a, b in pairwise(edges)]
