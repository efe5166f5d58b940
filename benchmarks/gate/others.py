"""What other gates do, for comparison: when each fails a watch of 300 s, or None. A failed probe is slower than any."""

from __future__ import annotations

from math import ceil, inf, isfinite

from benchmarks.gate.cells import WATCH_S
from ci_reporter.gate.recording import Probe, Recording

POINT_S = 15.0
CONFIDENCE_Z, TOLERANCE = 2.3263, 0.25  # of a confidence of 98 %


def mann_whitney(before: Recording, after: Recording) -> float | None:
    """Mann-Whitney as Kayenta judges: the confidence interval of the shift lies beyond 25 % of its estimate.

    Source: Kayenta's MannWhitneyClassifier and its defaults; the interval is R's, by the normal approximation.
    """
    old, new = points(before), points(after)
    if not old or not new:
        return None
    apart = sorted(y - x for x in old for y in new)
    spread = (len(apart) * (len(old) + len(new) + 1) / 12) ** 0.5
    rank = max(int(len(apart) / 2 - CONFIDENCE_Z * spread), 0)
    estimate, low = apart[len(apart) // 2], apart[rank]
    return WATCH_S if low > TOLERANCE * abs(estimate) else None


def points(recording: Recording) -> list[float]:
    """p95 of every 15 s, as a metrics store would give it; one that is infinite is none."""
    cut: dict[int, list[Probe]] = {}
    for probe in watched(recording):
        cut.setdefault(int(probe.t // POINT_S), []).append(probe)
    return [value for each in cut.values() if isfinite(value := p95(each))]


def naive_p95(before: Recording, after: Recording) -> float | None:
    """p95 of the last 60 s above 1.2 × the baseline's, looked at every 5 s."""
    limit = 1.2 * p95(watched(before))
    probes = watched(after)
    rate = len(probes) / WATCH_S
    for at_s in range(60, int(WATCH_S) + 1, 5):
        if p95(probes[int((at_s - 60) * rate) : int(at_s * rate)]) > limit:
            return float(at_s)
    return None


def watched(recording: Recording) -> list[Probe]:
    return [each for each in recording.signals["http_latency"].probes if each.t < WATCH_S]


def p95(probes: list[Probe]) -> float:
    """The latency that 95 % did not exceed."""
    found = sorted(probe.latency_ms if probe.ok and probe.latency_ms is not None else inf for probe in probes)
    return found[ceil(0.95 * len(found)) - 1]
