"""A cell and a seed to the two recordings of a gate."""

from __future__ import annotations

from math import ceil, inf
from random import Random

from benchmarks.gate.cells import EXTEND_S, GAP_S, WATCH_S, Cell
from ci_reporter.gate.recording import Probe, Recording, Signal


def pair(cell: Cell, seed: int) -> tuple[Recording, Recording]:
    """The baseline, and the watch with all of its extension; 45 s of deploy lie between them."""
    chance = Random(f"{cell.name} {seed}")
    sizes = [round(seconds * cell.rate) for seconds in (cell.baseline_s, GAP_S, WATCH_S + EXTEND_S)]
    latencies = cell.noise(chance, sum(sizes), cell.rate)
    before, after = latencies[: sizes[0]], latencies[sizes[0] + sizes[1] :]
    bad = _blips(cell, chance, sum(sizes))
    bad_before = [chance.random() < cell.errors_before or bad[at] for at in range(sizes[0])]
    bad_after = [chance.random() < cell.errors_after or bad[at + sizes[0] + sizes[1]] for at in range(sizes[2])]
    return (
        _recording("baseline", before, bad_before, cell.rate),
        _recording("watch", _changed(cell, before, after), bad_after, cell.rate),
    )


def _blips(cell: Cell, chance: Random, number: int) -> list[bool]:
    """Whether each probe falls into a blip; those begin at random, once in 300 s on average."""
    found, t = [False] * number, 0.0
    while cell.blip_s and (t := t + chance.expovariate(1 / 300)) < number / cell.rate:
        first = int(t * cell.rate)
        for at in range(first, min(first + max(1, int(cell.blip_s * cell.rate)), number)):
            found[at] = True
    return found


def _changed(cell: Cell, before: list[float], after: list[float]) -> list[float]:
    first = int(cell.onset_s * cell.rate)
    slow_ms = sorted(before)[ceil(0.9 * len(before)) - 1] if cell.tail != 1 else inf
    return [
        each * (cell.times if at >= first else 1.0) * (cell.tail if each > slow_ms else 1.0)
        for at, each in enumerate(after)
    ]


def _recording(phase: str, latencies: list[float], bad: list[bool], rate: float) -> Recording:
    probes = (
        Probe(t=round(at / rate, 4), ok=not failed, latency_ms=latency)
        for at, (latency, failed) in enumerate(zip(latencies, bad, strict=True))
    )
    return Recording(phase=phase, signals={"http_latency": Signal(probes=tuple(probes))})
