"""When the judge looks at a watch, at which windows of it, and what each look may spend of α."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

LOOK_EVERY_S = 15.0
MINUTE_S = 60.0
TRAILING_S = (60.0, 120.0)
_FEWEST_MORE = 3  # blocks that a trailing window must leave out, as it is not worth a test of its own otherwise

# How α is divided. The parts sum to 1, so by Bonferroni's inequality the chance that any look fails an unchanged
# service is at most α. Half is kept for the planned end, where there is most to see: 65 % less the early looks' part.
_ALL_SO_FAR = 0.65
_EARLY, _EARLY_WHERE_QUIET = 0.15, 0.3
_TRAILING = 0.2
_EXTENSION = 0.15


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long a watch is planned to be, by how much it may be extended, and how long a change must have lasted."""

    watch_s: float
    extend_s: float = 0.0
    sustain_s: float = 45.0
    early_part: float = _EARLY

    @property
    def end_s(self) -> float:
        """The latest end."""
        return self.watch_s + self.extend_s

    def looks_s(self) -> list[float]:
        """Every 15 s, and at both ends."""
        every = (LOOK_EVERY_S * at for at in range(1, int(self.end_s / LOOK_EVERY_S) + 1))
        return sorted({*every, self.watch_s, self.end_s})

    def has(self, at_s: float) -> bool:
        """Whether it looks then."""
        return at_s <= self.end_s and (at_s % LOOK_EVERY_S == 0 or at_s in (self.watch_s, self.end_s))

    def level(self, at_s: float, *, trailing: bool) -> float:
        """The share of α that one window of one look may spend."""
        # 300 s have 20 looks: .5 at the end, .15/20 = .0075 at each earlier one, .2/(2·20) = .005 on each trailing
        # window. In the extension .075 are for the end and .075/(3·20) for each window of each look.
        looks = ceil(self.watch_s / LOOK_EVERY_S)
        if at_s > self.watch_s:
            return self._extension_level(at_s, trailing=trailing)
        if trailing:
            return _TRAILING / (len(TRAILING_S) * looks)
        return _ALL_SO_FAR - self.early_part if at_s == self.watch_s else self.early_part / looks

    def of_quiet_service(self) -> Schedule:
        """For a service that is known to be quiet: a change must last for two thirds of the time, 30 s instead of 45.

        More of α is for the early looks then.
        """
        return replace(self, sustain_s=self.sustain_s * 2 / 3, early_part=_EARLY_WHERE_QUIET)

    def _extension_level(self, at_s: float, *, trailing: bool) -> float:
        """Half of the extension's share at its end, the rest evenly over its looks and their three windows."""
        if at_s >= self.end_s and not trailing:
            return _EXTENSION / 2
        looks = sum(each > self.watch_s for each in self.looks_s())
        return _EXTENSION / 2 / ((1 + len(TRAILING_S)) * looks)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The blocks from `first` on, of a look; `level` is its share of α."""

    first: int
    seconds: float
    trailing: bool
    level: float


def windows(schedule: Schedule, at_s: float, block_s: float, least_s: float) -> Iterator[Window]:
    """All of the watch so far, from `least_s` on, and its last 60 and 120 s where there is more than that."""
    blocks = int((at_s + 1e-6) // block_s)
    if blocks * block_s >= least_s and blocks:
        level = schedule.level(at_s, trailing=False)
        yield Window(first=0, seconds=blocks * block_s, trailing=False, level=level)
    for wanted_s in TRAILING_S:
        number = int(max(wanted_s, least_s) // block_s)
        if number and blocks >= number + _FEWEST_MORE:
            level = schedule.level(at_s, trailing=True)
            yield Window(first=blocks - number, seconds=number * block_s, trailing=True, level=level)


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at a comparison: when, its schedule, and the comparison's share of α.

    A pass may err with β, at each of its bounds; at β = 0 it is too early to pass. A pass before the planned end must
    also rule out a change of `early`, a share of the old latency.
    """

    at_s: float
    schedule: Schedule
    alpha: float
    beta: float = 0.0
    early: float | None = None

    def windows(self, block_s: float, least_s: float) -> list[Window]:
        """The windows to test; none at a time that is not on the schedule."""
        if not self.schedule.has(self.at_s):
            return []
        return list(windows(self.schedule, self.at_s, block_s, least_s))
