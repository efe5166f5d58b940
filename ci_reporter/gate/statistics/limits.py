"""Absolute limits: an e-process on blocks, which may be looked at after each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import exp, log

from ci_reporter.gate.statistics.robust import Noise, Segment, noise

LAMBDAS = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8)
_PRIOR, _PRIOR_BLOCKS = 3.0, 18.0  # correlation is taken for a factor of 3 until so many blocks have spoken
_LARGEST_LOG = 600.0


def e_values(bad_shares: Iterable[float], allowed: float) -> Iterator[float]:
    """The evidence after each block that the mean bad share is above the allowed one.

    E_n = (1/J) Σ_j Π_{b≤n} (1 + λ_j (z_b − m₀)/m₀). While the mean is ≤ m₀ it is a supermartingale, so the chance that
    it ever reaches 1/α is at most α, whenever one looks. Sources: J. Ville, "Étude critique de la notion de collectif",
    1939; I. Waudby-Smith, A. Ramdas, "Estimating means of bounded random variables by betting", 2024.

    That is so where blocks are independent. Correlated ones tell less, so each logarithm is divided by
    V_n = (n (1+ρ)/(1−ρ) + 54) / (n + 18): their variance inflation, drawn towards 3 with the weight of 18 blocks. The
    two numbers are what keeps a service exactly at its limit below 1 % where levels wander within 10 s. Example: with
    4 % bad where 1 % is allowed, blocks that do not resemble each other reach 1/α = 100 at the twelfth.
    """
    logs = [0.0] * len(LAMBDAS)
    seen = _Running()
    for share in bad_shares:
        excess = (share - allowed) / allowed
        logs = [each + log(1 + rate * excess) for each, rate in zip(logs, LAMBDAS, strict=True)]
        scatter = seen.add(share)
        yield _mean_exponential([each / inflation(seen.number, scatter.rho) for each in logs])


def least_blocks(allowed: float, alpha: float) -> int:
    """Blocks with nothing but bad probes before which the limit cannot fail."""
    values = e_values(iter(lambda: 1.0, None), allowed)
    return next(count for count, value in enumerate(values, start=1) if value >= 1 / alpha)


def inflation(number: int, rho: float) -> float:
    """V_n."""
    return (number * (1 + rho) / (1 - rho) + _PRIOR * _PRIOR_BLOCKS) / (number + _PRIOR_BLOCKS)


def _mean_exponential(logs: list[float]) -> float:
    top = max(logs)
    return exp(min(top, _LARGEST_LOG)) * sum(exp(each - top) for each in logs) / len(logs)


class _Running:
    """Sums of what came so far, from which the correlation after each block costs the same."""

    def __init__(self) -> None:
        self.number = 0
        self._first = self._last = self._total = self._squares = self._products = 0.0

    def add(self, value: float) -> Noise:
        """Take one more; how all of them scatter."""
        if self.number:
            self._products += self._last * value
        else:
            self._first = value
        self.number += 1
        self._last = value
        self._total += value
        self._squares += value * value
        mean = self._total / self.number
        squares = max(self._squares - self.number * mean * mean, 0.0)
        ends = self._first + self._last
        products = self._products - mean * (2 * self._total - ends) + (self.number - 1) * mean * mean
        return noise([Segment(self.number, mean, squares, products)], 0.0)
