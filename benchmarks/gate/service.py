"""The service that is simulated: latencies and errors by a stated model, from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import exp

from ci_reporter.gate.recording import Probe, Recording, Signal

BASELINE_S, WATCH_S, BURST_S = 120.0, 300.0, 3.0
BURST_TIMES = 2.5
P90_MS = 225.9  # of the model as it is


@dataclass(frozen=True, kw_only=True)
class Service:
    """How the service behaves in one window."""

    times: float = 1.0
    slow_share: float = 0.03
    slowest_tenth_times: float = 1.0
    burst_share: float = 0.0
    error_rate: float = 0.0
    burst_error_rate: float = 0.0


def pair(before: Service, after: Service, rate: float, seed: int) -> tuple[Recording, Recording]:
    """A baseline and a watch."""
    chance = random.Random(seed)
    return (
        Recording(phase="baseline", signals={"http_latency": window(before, BASELINE_S, rate, chance)}),
        Recording(phase="watch", signals={"http_latency": window(after, WATCH_S, rate, chance)}),
    )


def window(service: Service, seconds: float, rate: float, chance: random.Random) -> Signal:
    """Probes on a clock."""
    bursts = burst_times(service.burst_share, seconds, chance)
    probes = []
    for at in range(round(seconds * rate)):
        t = at / rate
        burst = any(begun <= t < begun + BURST_S for begun in bursts)
        failing = service.burst_error_rate if burst and service.burst_error_rate else service.error_rate
        ok = not failing or chance.random() >= failing
        probes.append(Probe(t=t, ok=ok, latency_ms=latency_ms(service, burst, chance)))
    return Signal(probes=tuple(probes))


def burst_times(share: float, seconds: float, chance: random.Random) -> list[float]:
    """Beginnings of bursts that cover that share of the time: a Poisson process."""
    found, t = [], -BURST_S
    while share and (t := t + chance.expovariate(share / BURST_S)) < seconds:
        found.append(t)
    return found


def latency_ms(service: Service, burst: bool, chance: random.Random) -> float:
    """97 % lognormal(120 ms, .45), 3 % lognormal(600 ms, .5)."""
    slow = chance.random() < service.slow_share
    found = 600 * exp(0.5 * chance.gauss(0, 1)) if slow else 120 * exp(0.45 * chance.gauss(0, 1))
    found *= service.slowest_tenth_times if found > P90_MS else 1.0
    return found * service.times * (BURST_TIMES if burst and not service.burst_error_rate else 1.0)
