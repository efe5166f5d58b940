"""What was seen of one signal in both windows, cut into blocks: what every test of the judge starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, inf, log

from ci_reporter.gate.recording import Signal
from ci_reporter.gate.statistics import blocks
from ci_reporter.gate.statistics.blocks import Block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BLOCK_S = 5.0
_MOST_OF_THE_FEWER = 64  # blocks of the shorter window; the exact count needs its square
_MOST = 512


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A signal before and after. `watch_s` is how long the watch was to be, `planned` whether somebody said so."""

    watch: Signal
    baseline: Signal | None = None
    watch_s: float
    not_before_s: float = 0.0

    @cached_property
    def block_s(self) -> float:
        """The shortest block: 5 s, or one gap between samples where that is longer."""
        gaps = [gap(signal.times) for signal in (self.watch, self.baseline) if signal]
        return max(_BLOCK_S, *(float(ceil(each - 0.25)) for each in gaps))

    @cached_property
    def new(self) -> list[Block | None]:
        """The watch's blocks."""
        return _blocks(self.watch, self.block_s, self.seen_s)

    @cached_property
    def old(self) -> list[Block | None]:
        """The baseline's blocks."""
        return _blocks(self.baseline, self.block_s, blocks.end_s(self.baseline.times)) if self.baseline else []

    @cached_property
    def seen_s(self) -> float:
        """How much of the watch there is."""
        return blocks.end_s(self.watch.times, self.watch_s)

    def widths(self, quantile: float | None) -> int:
        """How many blocks to join: neighbours nearly independent in the baseline, and not too many to count."""
        there = (len(self.old), int(self.watch_s // self.block_s))
        affordable = max(ceil(min(there) / _MOST_OF_THE_FEWER), ceil(max(there) / _MOST))
        return max(affordable, self._correlated(quantile))

    def _correlated(self, quantile: float | None) -> int:
        if quantile is None:
            return blocks.width(self.old, [lambda block: block.bad_share])
        cut = quantile_of(blocks.seen(self.old), quantile)
        return blocks.width(self.old, [lambda block: block.share_above(cut), _typical])


def gap(times: Sequence[float]) -> float:
    """The typical time between samples."""
    return (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0


def quantile_of(there: Sequence[Block], quantile: float) -> float:
    """A latency that this share of the probes did not exceed; infinite where too few got a good answer."""
    pooled = sorted(each for block in there for each in block.latencies)
    return pooled[max(ceil(quantile * len(pooled) - 1e-9), 1) - 1] if pooled else inf


def rate_of(there: Sequence[Block]) -> float | None:
    """The share of bad probes."""
    total = sum(block.total for block in there)
    return sum(block.bad for block in there) / total if total else None


def worst(signal: Signal, by_latency: bool, until_s: float) -> tuple[dict[str, Any], ...]:
    """The three probes a person should look at first: failed ones, then slow ones."""
    probes = [probe for probe in signal.probes if probe.t <= until_s and (by_latency or not probe.ok)]
    chosen = sorted(probes, key=lambda probe: (probe.ok, -(probe.latency_ms or inf)))[:3]
    return tuple(
        {key: getattr(each, key) for key in ("t", "latency_ms", "ok", "status", "revision")}
        | {key: value for key in ("reason", "response", "url") if (value := getattr(each, key))}
        for each in chosen
    )


def _typical(block: Block) -> float:
    """The mean logarithm of the latencies, of which one outlier moves little."""
    return sum(log(max(min(each, 1e9), 1e-3)) for each in block.latencies) / block.total


def _blocks(signal: Signal, size_s: float, end_s: float) -> list[Block | None]:
    if signal.counts:
        return blocks.of_counts(((each.t, each.bad, each.total) for each in signal.counts), size_s, end_s)
    probes = ((each.t, inf if each.latency_ms is None else each.latency_ms, each.ok) for each in signal.probes)
    return blocks.of_probes(probes, size_s, end_s)
