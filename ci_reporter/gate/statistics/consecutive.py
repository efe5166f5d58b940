"""Failures in a row: rules of a count, which need no statistics and spend none of α."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ci_reporter.gate.recording import Probe

_FEWEST = 3  # two failed probes in a row are no outage


def in_a_row(probes: Sequence[Probe], count: int, within_s: float) -> Probe | None:
    """The probe that made it so many failures in a row within that time; None where it never came to that."""
    run: deque[float] = deque(maxlen=count)
    for probe in probes:
        if probe.ok:
            run.clear()
            continue
        run.append(probe.t)
        if len(run) == count and probe.t - run[0] <= within_s:
            return probe
    return None


def down(probes: Sequence[Probe], for_s: float) -> Probe | None:
    """The probe at which every probe of the last `for_s` seconds, three at least, had failed."""
    first, length = 0.0, 0
    for probe in probes:
        length = 0 if probe.ok else length + 1
        if length == 1:
            first = probe.t
        if length >= _FEWEST and probe.t - first >= for_s:
            return probe
    return None


def longest(probes: Sequence[Probe]) -> int:
    """The most failures in a row."""
    most = length = 0
    for probe in probes:
        length = 0 if probe.ok else length + 1
        most = max(most, length)
    return most
