"""Since when a watch has been different from its baseline: the split of blocks whose two sides differ most."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt


def change_point(baseline: Sequence[float], watch: Sequence[float | None]) -> int:
    """The number of the watch's block from which on its values are highest above all before, the baseline included.

    It is the split that leaves the least squares about two means: the one with the largest difference of the means
    times √(n₁ n₂ / n). Example: a baseline of zeros and a watch of 0, 0, 1, 1 give 2.
    """
    there = [(at, value) for at, value in enumerate(watch) if value is not None]
    number = len(baseline) + len(there)
    before, after = sum(baseline), sum(value for _, value in there)
    best, found = 0.0, 0
    for split, (at, value) in enumerate(there, start=len(baseline)):
        if split:
            apart = after / (number - split) - before / split
            height = apart * sqrt(split * (number - split) / number)
            if height > best:
                best, found = height, at
        before, after = before + value, after - value
    return found
