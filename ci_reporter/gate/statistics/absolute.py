"""Absolute limits: an e-process on blocks, which may be looked at after each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import exp, log

LAMBDAS = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8)


def e_values(bad_shares: Iterable[float], allowed: float) -> Iterator[float]:
    """The evidence after each block that the mean bad share is above the allowed one.

    E_n = (1/J) Σ_j Π_{b≤n} (1 + λ_j (z_b − m₀)/m₀). While the mean is ≤ m₀ it is a supermartingale, so the chance that
    it ever reaches 1/α is at most α, whenever one looks. Sources: J. Ville, "Étude critique de la notion de collectif",
    1939; I. Waudby-Smith, A. Ramdas, "Estimating means of bounded random variables by betting", 2024.
    """
    logs = [0.0] * len(LAMBDAS)
    for share in bad_shares:
        excess = (share - allowed) / allowed
        logs = [each + log(1 + rate * excess) for each, rate in zip(logs, LAMBDAS, strict=True)]
        yield exp(min(max(logs), 600.0)) * sum(exp(each - max(logs)) for each in logs) / len(logs)


def blocks_needed(allowed: float, alpha: float) -> int:
    """Blocks with nothing but bad probes before which the limit cannot fail."""
    values = e_values(iter(lambda: 1.0, None), allowed)
    return next(count for count, value in enumerate(values, start=1) if value >= 1 / alpha)
