"""What is known of one signal at one moment of a watch: its blocks before and after, and its samples so far."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from math import inf

from ci_reporter.gate.recording import Probe, Sample, Signal
from ci_reporter.gate.statistics import blocks
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.latency import Sides
from ci_reporter.gate.statistics.schedule import MINUTE_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WORST = 3


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A signal as it was known at `at_s`. A block is None where it saw nothing, or where the control excuses it."""

    signal: Signal
    baseline: Sequence[Block | None]
    watch: Sequence[Block | None]
    block_s: float
    at_s: float

    @cached_property
    def before(self) -> list[Block]:
        """The baseline's blocks that saw anything."""
        return blocks.with_data(self.baseline)

    @cached_property
    def after(self) -> list[Block]:
        """The watch's blocks that saw anything."""
        return blocks.with_data(self.watch)

    @cached_property
    def samples(self) -> Sequence[Sample]:
        """Its probes or counts so far."""
        return self.signal.window(end_s=self.at_s).samples

    @cached_property
    def probes(self) -> Sequence[Probe]:
        """Its probes so far."""
        return self.signal.window(end_s=self.at_s).probes

    @property
    def minute(self) -> int:
        """How many blocks the last minute has, one at least."""
        return max(int(MINUTE_S // self.block_s), 1)

    def sides(self, first: int) -> Sides:
        """The watch's blocks from number `first` on, and what they are compared with."""
        return Sides(
            baseline=self.before,
            earlier=blocks.with_data(self.watch[:first]),
            window=blocks.with_data(self.watch[first:]),
        )


class Blocks:
    """The blocks of a watch's signal, cut once each as too early for a pass."""

    def __init__(self, block_s: float) -> None:
        self.block_s = block_s
        self._found: list[Block | None] = []

    def until(self, at_s: float, signal: Signal, excused: Collection[int]) -> list[Block | None]:
        """Those that are complete at `at_s`. `excused` are the numbers of the 5-s blocks that do not count."""
        number = max(int((at_s - blocks.offset_s(signal, self.block_s) + 1e-6) // self.block_s), 0)
        new = range(len(self._found), number)
        for at, block in zip(new, blocks.cut(signal, self.block_s, new), strict=True):
            self._found.append(None if self._is_excused(at, excused) else block)
        return self._found[:number]

    def _is_excused(self, number: int, excused: Collection[int]) -> bool:
        first_s = number * self.block_s
        covered = range(
            int(first_s // blocks.SHORTEST_S), int((first_s + self.block_s - 1e-6) // blocks.SHORTEST_S) + 1
        )
        return bool(excused) and any(at in excused for at in covered)


def worst(probes: Sequence[Probe], by_latency: bool) -> tuple[dict[str, Any], ...]:
    """The three probes a person should look at first: failed ones, then slow ones."""
    there = [probe for probe in probes if by_latency or not probe.ok]
    chosen = nsmallest(_WORST, there, key=lambda probe: (probe.ok, -(probe.latency_ms or inf)))
    return tuple(
        {key: getattr(each, key) for key in ("t", "latency_ms", "ok", "status", "revision")}
        | {key: value for key in ("reason", "response", "url", "address") if (value := getattr(each, key))}
        for each in chosen
    )
