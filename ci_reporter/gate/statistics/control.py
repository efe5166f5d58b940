"""The control: an address that has nothing to do with the deploy. When it is bad too, it is the runner's network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import median

from ci_reporter.gate.recording import Probe, Recording, Signal

SIGNAL = "control"
_BLOCK_S = 5.0
_SLOWER = 3.0  # times its usual latency
_LEAST_MS = 50.0  # a control of a millisecond may take three


def without_trouble(recording: Recording, baseline: Recording | None) -> Recording:
    """Leave out what was probed in blocks where the control was bad too, and say how much that is.

    Half of the control's probes of a block failed, or it took three times its usual median: no rule sees that block.
    """
    control = recording.signals.get(SIGNAL)
    if control is None:
        return recording
    bad = _bad_blocks(control.probes, _usual_ms(recording, baseline))
    rest = {name: each for name, each in recording.signals.items() if name != SIGNAL}
    if not bad:
        return replace(recording, signals=rest)
    kept = {name: _outside(each, bad) for name, each in rest.items()}
    lost = _count(rest) - _count(kept)
    note = (
        f"{len(bad) * _BLOCK_S:g} s of the {recording.phase} are left out ({lost} probes): the control was bad too,"
        " so it is the runner's network"
    )
    return replace(recording, signals=kept, notes=(*recording.notes, note))


def _usual_ms(recording: Recording, baseline: Recording | None) -> float:
    """The control's median in the baseline, else in this recording."""
    before = baseline.signals.get(SIGNAL) if baseline else None
    there = [
        each.latency_ms
        for each in (before or recording.signals[SIGNAL]).probes
        if each.ok and each.latency_ms is not None
    ]
    return max(median(there), _LEAST_MS) if there else _LEAST_MS


def _bad_blocks(probes: tuple[Probe, ...], usual_ms: float) -> frozenset[int]:
    blocks: dict[int, list[bool]] = {}
    for probe in probes:
        slow = probe.latency_ms is None or probe.latency_ms > _SLOWER * usual_ms
        blocks.setdefault(int(probe.t // _BLOCK_S), []).append(slow or not probe.ok)
    return frozenset(at for at, bad in blocks.items() if 2 * sum(bad) >= len(bad))


def _outside(signal: Signal, bad: frozenset[int]) -> Signal:
    return replace(signal, probes=tuple(each for each in signal.probes if int(each.t // _BLOCK_S) not in bad))


def _count(signals: Mapping[str, Signal]) -> int:
    return sum(len(each.probes) for each in signals.values())
