"""Blocks of seconds: what evidence is counted in, as probes of one moment are bad together."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import ceil, inf
from operator import attrgetter
from statistics import median

from ci_reporter.gate.recording import Count, Probe, Sample, Signal

SHORTEST_S = 5.0
_TIME = attrgetter("t")
_ENOUGH = 100
_ROUNDING_S = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """What was seen in one block: sorted latencies, infinite where no good answer came, and counts."""

    latencies: Sequence[float] = ()
    bad: int = 0
    total: int = 0

    def share_above(self, limit_ms: float) -> float:
        """The share of probes slower than that, 0-1."""
        return 1 - bisect_right(self.latencies, limit_ms) / self.total

    @property
    def bad_share(self) -> float:
        """The share of probes, or of counted requests, that were bad, 0-1."""
        return self.bad / self.total


def length_s(*signals: Signal) -> float:
    """How long a block is: 5 s, or one gap between samples where that is longer."""
    return max(SHORTEST_S, *(float(ceil(gap_s(signal) - 0.25)) for signal in signals))


def gap_s(signal: Signal) -> float:
    """The typical time between samples: the median one, so that a hole in the data does not make it longer.

    The first hundred samples tell it, so it does not change while a watch goes on.
    """
    times = [each.t for each in signal.samples[:_ENOUGH]]
    return median(later - earlier for earlier, later in pairwise(times)) if len(times) > 1 else 0.0


def offset_s(signal: Signal, size_s: float) -> float:
    """Where block 0 begins: at t = 0, and for counts, each of which is of an interval, where an interval begins.

    Example: scrapes of 15 s that began 20 s before the watch give 10, so that no block waits for half an interval.
    """
    return signal.counts[0].t % size_s if signal.counts else 0.0


def cut(signal: Signal, size_s: float, numbers: range) -> list[Block | None]:
    """The blocks of these numbers. None where a block saw nothing."""
    samples, first_s = signal.samples, offset_s(signal, size_s) - _ROUNDING_S
    edges = [bisect_left(samples, first_s + at * size_s, key=_TIME) for at in (*numbers, numbers.stop)]
    return [_block(samples[first:last]) for first, last in pairwise(edges)]


def _block(samples: Sequence[Sample]) -> Block | None:
    if not samples:
        return None
    counts = [each for each in samples if isinstance(each, Count)]
    if counts:
        bad, total = (sum(getattr(each, name) for each in counts) for name in ("bad", "total"))
        return Block(bad=round(bad), total=max(round(total), 1)) if total > 0 else None
    probes = [each for each in samples if isinstance(each, Probe)]
    if not probes:  # values: a block of them says that they were there
        return Block(latencies=[], bad=0, total=len(samples))
    latencies = sorted(each.latency_ms if each.ok and each.latency_ms is not None else inf for each in probes)
    return Block(latencies=latencies, bad=sum(not each.ok for each in probes), total=len(probes))


def with_data(blocks: Iterable[Block | None]) -> list[Block]:
    """The blocks that saw anything."""
    return [block for block in blocks if block is not None]


def pool(blocks: Iterable[Block]) -> list[float]:
    """All latencies of the blocks, sorted. Sorting runs that are sorted costs little more than copying them."""
    return sorted(chain.from_iterable(block.latencies for block in blocks))


def quantile(ordered: Sequence[float], level: float) -> float:
    """The smallest value that this share of the sorted values does not exceed; infinite where there is none."""
    return ordered[max(ceil(level * len(ordered) - 1e-9), 1) - 1] if ordered else inf


def error_rate(blocks: Sequence[Block]) -> float | None:
    """The share of bad probes in all of the blocks, 0-1."""
    total = sum(block.total for block in blocks)
    return sum(block.bad for block in blocks) / total if total else None


def end_s(signal: Signal, planned_s: float | None = None) -> float:
    """When a signal ended: a typical gap after its last sample, up to the next whole second."""
    if not signal.samples:
        return 0.0
    found = float(ceil(signal.samples[-1].t + (gap_s(signal) or 1.0) - 0.01))
    return min(found, planned_s) if planned_s else found
