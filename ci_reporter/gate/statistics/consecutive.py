"""Failures in a row and outages: rules of a count, which need no statistics and spend none of α."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ci_reporter.gate.recording import Probe

_FEWEST = 3  # two failed probes in a row are not an outage


@dataclass(frozen=True, kw_only=True)
class Tick:
    """The probes of one tick, as one: it fails where all of them do. `t` is that of the last one."""

    t: float
    ok: bool


def ticks(probes: Sequence[Probe], every_s: float) -> Iterator[Tick]:
    """The ticks that have probes.

    At 5 probes a second "three in a row" would be 0.4 s, and one blip of 0.7 s would fail most gates on a service that
    did not change. Ticks make it mean the same at every rate.
    """
    for _, group in groupby(probes, key=lambda probe: int(probe.t // every_s)):
        there = list(group)
        yield Tick(t=there[-1].t, ok=any(each.ok for each in there))


def in_a_row(found: Sequence[Tick], count: int, within_s: float) -> Tick | None:
    """The tick that made it so many failures in a row within that time; None where it never came to that."""
    run: list[Tick] = []
    for tick in found:
        run = [] if tick.ok else [*run[-count + 1 :], tick] if count > 1 else [tick]
        if len(run) == count and tick.t - run[0].t <= within_s:
            return tick
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


def longest(found: Sequence[Probe] | Sequence[Tick]) -> int:
    """The most failures in a row."""
    most = length = 0
    for each in found:
        length = 0 if each.ok else length + 1
        most = max(most, length)
    return most


def begin_s(found: Sequence[Probe] | Sequence[Tick], hit_s: float) -> float | None:
    """When the failures in a row began that were under way at that second; None where none were."""
    begun_s = None
    for each in found:
        if each.t > hit_s:
            break
        begun_s = None if each.ok else each.t if begun_s is None else begun_s
    return begun_s


def begins(found: Sequence[Probe] | Sequence[Tick], last_s: float) -> bool:
    """Whether two and more failures in a row are under way at the end that have lasted for so long."""
    first = len(found)
    while first and not found[first - 1].ok:
        first -= 1
    return len(found) - first > 1 and found[-1].t - found[first].t >= last_s
