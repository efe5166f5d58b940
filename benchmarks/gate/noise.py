"""How services are noisy: latencies in ms, one a probe, from a chance of a stated seed.

The models are those that gates are known to get wrong: heavy tails, pauses, caches, slow drifts, neighbours, cron jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt
from random import Random

Old = Callable[[float], float]  # second → the chance that an answer is of the old revision
Noise = Callable[[Random, int, float], list[float]]  # (chance, number of probes, probes a second) → latencies


def lognormal(chance: Random, number: int, median_ms: float = 120.0, sigma: float = 0.45) -> list[float]:
    """Independent answers."""
    return [median_ms * exp(chance.gauss(0, sigma)) for _ in range(number)]


def independent(chance: Random, number: int, rate: float) -> list[float]:  # noqa: ARG001
    return lognormal(chance, number)


def mixed(chance: Random, number: int, rate: float) -> list[float]:  # noqa: ARG001
    """97 % around 120 ms, 3 % around 600 ms."""
    return [
        600 * exp(chance.gauss(0, 0.5)) if chance.random() < 0.03 else 120 * exp(chance.gauss(0, 0.45))
        for _ in range(number)
    ]


def bursty(chance: Random, number: int, rate: float) -> list[float]:
    """The mixed one, with bursts of 3 s in which all is 2.5 times as slow, for 4 % of the time."""
    found = mixed(chance, number, rate)
    for first_s in range(0, int(number / rate), 3):
        if chance.random() < 0.04:
            _slow(found, first_s, 3.0, 2.5, rate)
    return found


def pareto(chance: Random, number: int, rate: float) -> list[float]:  # noqa: ARG001
    return [20 * chance.paretovariate(1.3) for _ in range(number)]


def pauses(every_s: float, long_s: float) -> Noise:
    """Garbage collection: everything that comes in a pause waits for its end."""

    def of(chance: Random, number: int, rate: float) -> list[float]:
        phase_s = chance.random() * every_s
        waits = (long_s - (at / rate + phase_s) % every_s for at in range(number))
        return [
            each + max(wait, 0.0) * 1000 for each, wait in zip(lognormal(chance, number, 40, 0.3), waits, strict=True)
        ]

    return of


def rounded(step_ms: float) -> Noise:
    def of(chance: Random, number: int, rate: float) -> list[float]:  # noqa: ARG001
        return [round(each / step_ms) * step_ms for each in lognormal(chance, number, 12, 0.3)]

    return of


def correlated(seconds: float, sigma: float = 0.3) -> Noise:
    """AR(1): a level that wanders and is forgotten within so many seconds, and independent scatter beside it."""

    def of(chance: Random, number: int, rate: float) -> list[float]:
        return [100 * exp(level + chance.gauss(0, 0.3)) for level in wander(chance, number, seconds * rate, sigma)]

    return of


def wander(chance: Random, number: int, probes: float, sigma: float) -> list[float]:
    rho = exp(-1 / probes)
    level, found = chance.gauss(0, sigma), []
    for _ in range(number):
        found.append(level)
        level = rho * level + chance.gauss(0, sigma * sqrt(1 - rho * rho))
    return found


def cached(chance: Random, number: int, rate: float) -> list[float]:
    """Hits of 5 ms and misses of 80 ms; the logit of the hit rate, 80 %, wanders within 60 s."""
    levels = wander(chance, number, 60 * rate, 0.5)
    return [_cached(chance, 1 / (1 + exp(-log(0.8 / 0.2) - level))) for level in levels]


def cache_of(hits: float, later: float, at_s: float) -> Noise:
    """A cache whose hit rate changes at some time."""

    def of(chance: Random, number: int, rate: float) -> list[float]:
        return [_cached(chance, hits if at / rate < at_s else later) for at in range(number)]

    return of


def _cached(chance: Random, hits: float) -> float:
    return 5 * exp(chance.gauss(0, 0.2)) if chance.random() < hits else 80 * exp(chance.gauss(0, 0.3))


def neighbour(every_s: float, long_s: float) -> Noise:
    """A noisy neighbour: all is twice as slow for a while, now and then, both exponentially long."""

    def of(chance: Random, number: int, rate: float) -> list[float]:
        found, t = lognormal(chance, number, 50, 0.3), 0.0
        while (t := t + chance.expovariate(1 / every_s)) <= number / rate:
            lasts_s = chance.expovariate(1 / long_s)
            _slow(found, t, lasts_s, 2.0, rate)
            t += lasts_s
        return found

    return of


def cron(every_s: float, long_s: float) -> Noise:
    """A job that makes all twice as slow, on a clock."""

    def of(chance: Random, number: int, rate: float) -> list[float]:
        phase_s = chance.random() * every_s
        found = lognormal(chance, number, 50, 0.3)
        return [each * (2.0 if (at / rate + phase_s) % every_s < long_s else 1.0) for at, each in enumerate(found)]

    return of


def drifting(share: float, over_s: float) -> Noise:
    """It gets slower by that share in so many seconds, deploy or not."""

    def of(chance: Random, number: int, rate: float) -> list[float]:
        found = lognormal(chance, number, 60, 0.3)
        return [each * (1 + share * at / rate / over_s) for at, each in enumerate(found)]

    return of


def always(share: float, t: float) -> float:  # noqa: ARG001
    """A replica that stays behind."""
    return share


def rolling(over_s: float, t: float) -> float:
    """One replica after the other is replaced."""
    return max(1 - t / over_s, 0.0)


def between(first_s: float, end_s: float, t: float) -> float:
    """The old revision comes back as a whole, for some time."""
    return 1.0 if first_s <= t < end_s else 0.0


def _slow(found: list[float], first_s: float, long_s: float, times: float, rate: float) -> None:
    for at in range(int(first_s * rate), min(int((first_s + long_s) * rate), len(found))):
        found[at] *= times


NOISES: dict[str, Noise] = {
    "independent": independent,
    "Pareto": pareto,
    "GC pauses": pauses(30, 1.0),
    "drifting cache mix": cached,
    "rounded to 10 ms": rounded(10),
    "AR 10 s": correlated(10),
    "AR 30 s": correlated(30),
    "neighbour 10 s/60 s": neighbour(60, 10),
    "neighbour 30 s/180 s": neighbour(180, 30),
    "cron 10 s/60 s": cron(60, 10),
    "cron 30 s/300 s": cron(300, 30),
}
# Slower than a baseline of two minutes, so that only past gates tell of it.
WANDERING: dict[str, Noise] = {"AR 120 s": correlated(120), "drift +30 %": drifting(0.3, 465)}
