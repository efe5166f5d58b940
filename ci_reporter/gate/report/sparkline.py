"""The p95 of a watch as a row of blocks, each as high as it is against the baseline: `▁▁▂▁▅█`."""

from __future__ import annotations

from ci_reporter.gate.recording import Probe, Recording
from ci_reporter.gate.statistics.figures import main_signal, of_probes

_BLOCKS = "▁▂▃▄▅▆▇█"
_STEPS = (1.05, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)  # times the baseline's p95, from which on a block is one step higher
_NO_ANSWER = "×"
_SHORTEST_S = 5.0
_MOST = 16


def sparkline(watch: Recording | None, baseline: Recording | None) -> str:
    """At most sixteen blocks, the last one now. Without a baseline the first block stands for it."""
    probes = main_signal(watch).probes
    if not probes:
        return ""
    size_s = max(_SHORTEST_S, (probes[-1].t + 1e-6) / _MOST)
    slices: dict[int, list[Probe]] = {}
    for probe in probes:
        slices.setdefault(int(probe.t // size_s), []).append(probe)
    values = [of_probes(slices[at]).p95_ms for at in sorted(slices)]
    usual = of_probes(main_signal(baseline).probes).p95_ms or next((value for value in values if value), None)
    return "".join(_block(value, usual) for value in values)


def _block(value: float | None, usual: float | None) -> str:
    if value is None:
        return _NO_ANSWER
    return _BLOCKS[sum(value >= step * usual for step in _STEPS)] if usual else _BLOCKS[0]
