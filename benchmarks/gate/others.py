"""What other gates do, for comparison: when each flags a watch, or None."""

from __future__ import annotations

from math import ceil
from warnings import catch_warnings, simplefilter

from ci_reporter.gate.recording import Probe, Recording
from ci_reporter.gate.statistics.consecutive import in_a_row

try:
    from scipy.stats import norm
except ImportError:
    norm = None

POINT_S, WATCH_S = 15.0, 300.0
CONFIDENCE, TOLERANCE = 0.98, 0.25


def mann_whitney(before: Recording, after: Recording) -> float | None:
    """Mann-Whitney as Kayenta judges: the confidence interval of the shift lies beyond 25 % of its estimate.

    Source: Kayenta's MannWhitneyClassifier and its defaults; the interval is R's, by the normal approximation.
    """
    if norm is None:
        return None
    old, new = points(before), points(after)
    with catch_warnings():
        simplefilter("ignore")
        estimate, low = shift(old, new)
    return WATCH_S if low > TOLERANCE * abs(estimate) else None


def shift(old: list[float], new: list[float]) -> tuple[float, float]:
    """Hodges and Lehmann's estimate of the shift, and the lower end of its interval."""
    apart = sorted(y - x for x in old for y in new)
    number = len(apart)
    spread = (number * (len(old) + len(new) + 1) / 12) ** 0.5
    rank = max(int(number / 2 - float(norm.ppf(1 - (1 - CONFIDENCE) / 2)) * spread), 0)
    return apart[number // 2], apart[rank]


def points(recording: Recording) -> list[float]:
    """p95 of every 15 s, as a metrics store would give it."""
    cut: dict[int, list[Probe]] = {}
    for probe in recording.signals["http_latency"].probes:
        cut.setdefault(int(probe.t // POINT_S), []).append(probe)
    return [p95(each) for each in cut.values()]


def naive_p95(before: Recording, after: Recording) -> float | None:
    """p95 of the last 60 s above 1.2 × the baseline's, looked at every 5 s."""
    limit = 1.2 * p95(list(before.signals["http_latency"].probes))
    probes = after.signals["http_latency"].probes
    rate = len(probes) / WATCH_S
    for at_s in range(60, int(WATCH_S) + 1, 5):
        if p95(list(probes[int((at_s - 60) * rate) : int(at_s * rate)])) > limit:
            return float(at_s)
    return None


def three_in_a_row(before: Recording, after: Recording) -> float | None:  # noqa: ARG001
    """Three failures in a row within five minutes, of one probe every 5 s."""
    probes = after.signals["http_latency"].probes
    step = max(round(len(probes) / WATCH_S * 5), 1)
    hit = in_a_row(probes[::step], 3, 300.0)
    return hit.t if hit else None


def p95(probes: list[Probe]) -> float:
    """The latency that 95 % did not exceed."""
    found = sorted(probe.latency_ms or 0.0 for probe in probes)
    return found[ceil(0.95 * len(found)) - 1]
