"""When the relative judge looks, at which blocks, and what each look may spend of α."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, floor

TIMES_S = (10.0, 15.0, 20.0, 30.0, 45.0, 65.0, 95.0, 140.0, 205.0, 300.0)
TRAILING_S = 60.0
_WEIGHTS = {10.0: 0.3, 15.0: 0.4, 20.0: 0.4, 30.0: 1.2, 45.0: 1.5, 140.0: 0.6}
_TRAILING_WEIGHT = 0.05
_OTHER_WEIGHT = 0.1
_SMALLEST_P = 1e-300
_GROWTH = 1.46  # as 205 to 300: beyond five minutes looks get rarer at the same pace


@dataclass(frozen=True, kw_only=True)
class Look:
    """Compare the blocks `first` to `last` (exclusive) of the watch with the baseline, at `at_s`."""

    at_s: float
    first: int
    last: int
    final: bool = False

    @property
    def blocks(self) -> int:
        """How many new blocks there are."""
        return self.last - self.first

    @property
    def weight(self) -> float:
        """Its share of α: most where a bad deploy is found early, and at the end, when nothing can be added."""
        if self.first:
            return _TRAILING_WEIGHT
        return _WEIGHTS.get(self.at_s, 1.0 if self.final else _OTHER_WEIGHT)


def times_s(watch_s: float) -> list[float]:
    """When to look in a watch of that length; its end is always one of them."""
    times = list(TIMES_S)
    while times[-1] < watch_s:
        times.append(round(times[-1] * _GROWTH / 5) * 5.0)
    return [*(time for time in times if time < watch_s), watch_s]


def schedule(watch_s: float, block_s: float) -> list[Look]:
    """Every look of a watch: all of it so far and, where that is not nearly the same, its last 60 seconds."""
    found: list[Look] = []
    for at_s in times_s(watch_s):
        last = int((at_s + 1e-6) // block_s)
        trailing = last - int(TRAILING_S // block_s)
        firsts = (0, trailing) if at_s >= 1.5 * TRAILING_S else (0,)
        found += [Look(at_s=at_s, first=first, last=last, final=at_s == watch_s) for first in firsts]
    return [look for look in found if look.blocks > 0]


def spending(looks: Sequence[Look], baseline_blocks: int, alpha: float) -> dict[Look, float]:
    """α for each look that could fire, in the order of time.

    A p is a multiple of the smallest one: what a look cannot use of its share goes to those with more blocks, and one
    that is combinatorially impossible spends nothing. The sum is at most α, which by Bonferroni's inequality bounds the
    chance that any look fires.
    """
    spent: dict[Look, float] = {}
    left, weights = alpha, sum(look.weight for look in looks)
    for look in sorted(looks, key=lambda look: (look.blocks, look.at_s)):
        least = max(least_p(look.blocks, baseline_blocks), _SMALLEST_P)
        spent[look] = least * floor(left * look.weight / weights / least * (1 + 1e-12))
        left, weights = left - spent[look], weights - look.weight
    return {look: spent[look] for look in looks if spent[look]}


def least_p(new: int, baseline: int) -> float:
    """The smallest p that so many blocks can give."""
    return 1 / comb(new + baseline, new)
