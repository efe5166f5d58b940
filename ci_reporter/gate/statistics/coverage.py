"""Coverage: whether a signal had data in enough of the watch, and of its last minute, for a pass to mean something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil

from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.schedule import MINUTE_S

LEAST = 0.8
_GAP_BLOCKS = 1.5  # a gap of less is between samples that follow each other


def lack(blocks: Sequence[Block | None], times: Sequence[float], block_s: float, end_s: float) -> str | None:
    """Why the data are not enough for a pass; None where they are.

    `blocks` are those of the signal that no control excused, `times` those of its samples. Both are asked: blocks that
    are half empty at either side of a gap would hide a part of it.
    """
    for first_s, what in ((0.0, "watch"), (max(0.0, end_s - MINUTE_S), "last minute")):
        said = _lack(blocks, times, block_s, (first_s, end_s), what)
        if said:
            return said
    return None


def _lack(
    blocks: Sequence[Block | None], times: Sequence[float], block_s: float, span_s: tuple[float, float], what: str
) -> str | None:
    first_s, end_s = span_s
    numbers = range(int((first_s + 1e-6) // block_s), max(ceil(end_s / block_s - 1e-6), 1))
    there = sum(_has_data(at, blocks, times, block_s) for at in numbers)
    if there == len(numbers):
        return None
    gaps = [gap for gap in _gaps(times, span_s) if gap[1] - gap[0] > _GAP_BLOCKS * block_s]
    longest = max((end - begin for begin, end in gaps), default=0.0)
    if there >= LEAST * len(numbers) - 1e-9 and longest <= (1 - LEAST) * (end_s - first_s) + 1e-6:
        return None
    named = ", ".join(f"{begin:.0f}-{end:.0f} s" for begin, end in gaps[:3]) + (", …" if len(gaps) > 3 else "")
    share = f"{there} of the {len(numbers)} blocks of the {what} have data"
    return f"{share}{f' (none at {named})' if named else ''}; {LEAST:.0%} are needed"


def _has_data(at: int, blocks: Sequence[Block | None], times: Sequence[float], block_s: float) -> bool:
    """Whether a block has data; the last one may be cut short by the end of the watch."""
    if at < len(blocks):
        return blocks[at] is not None
    return bool(times) and times[-1] >= at * block_s


def _gaps(times: Sequence[float], span_s: tuple[float, float]) -> Iterator[tuple[float, float]]:
    first_s, end_s = span_s
    return pairwise((first_s, *(each for each in times if first_s <= each < end_s), end_s))
