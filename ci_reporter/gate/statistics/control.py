"""The control: an address that has nothing to do with the deploy. When it is bad too, it is the runner's network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import median

from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.statistics.blocks import SHORTEST_S

SIGNAL = "control"
_SLOWER = 3.0  # times its usual latency
_LEAST_MS = 50.0  # a control of a millisecond may take three


def excused_blocks(recording: Recording, baseline: Recording | None) -> frozenset[int]:
    """The numbers of the 5-s blocks in which the control was bad too: no rule sees them.

    Half of the control's probes of such a block failed, or took three times its usual median. What is usual is what
    the baseline showed, else what the control showed up to then: what comes later never changes an earlier block.
    """
    probes = recording.signals.get(SIGNAL, Signal()).probes
    usual_ms = _usual_ms(baseline.signals.get(SIGNAL, Signal()).probes) if baseline else None
    found, so_far = set(), list[Probe]()
    for number, group in groupby(probes, key=lambda probe: int(probe.t // SHORTEST_S)):
        there = list(group)
        so_far += there
        if _bad(there, usual_ms or _usual_ms(so_far) or _LEAST_MS):
            found.add(number)
    return frozenset(found)


def note(numbers: frozenset[int], phase: str) -> str | None:
    """The sentence that tells of excused blocks; None where there are none."""
    if not numbers:
        return None
    where = ", ".join(f"{number * SHORTEST_S:g}-{(number + 1) * SHORTEST_S:g} s" for number in sorted(numbers)[:3])
    more = ", …" if len(numbers) > 3 else ""
    seconds = len(numbers) * SHORTEST_S
    return (
        f"{seconds:g} s of the {phase} are left out ({where}{more}): the control was bad too, so it is the runner's"
        " network; they count as missing"
    )


def _usual_ms(probes: Sequence[Probe]) -> float | None:
    there = [each.latency_ms for each in probes if each.ok and each.latency_ms is not None]
    return max(median(there), _LEAST_MS) if there else None


def _bad(probes: Sequence[Probe], usual_ms: float) -> bool:
    bad = [not each.ok or each.latency_ms is None or each.latency_ms > _SLOWER * usual_ms for each in probes]
    return 2 * sum(bad) >= len(bad)
