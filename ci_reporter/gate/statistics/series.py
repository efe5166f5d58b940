"""The scores of a watch that goes on, each block's once for each margin, as every look asks for most of them again."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.robust import Segment, segment
from ci_reporter.gate.statistics.scores import Score, row

Row = tuple[float, ...]  # a block's scores, in the order of the scores


class Series:
    """The scores of a baseline and of the watch's blocks. `number` is that of a score.

    `watch` is always the same watch, grown by now; its first blocks are those that were given before.
    """

    def __init__(self, scores: Sequence[Score], baseline: Sequence[Block]) -> None:
        self.scores = scores
        rows = [row(scores, block, 1.0) for block in baseline]
        self.baseline = [segment([each[number] for each in rows]) for number in range(len(scores))]
        self._rows: dict[float, list[Row | None]] = {}

    def window(self, number: int, watch: Sequence[Block | None], first: int, over: float) -> list[float]:
        """The score of the watch's blocks from `first` on, with the baseline's quantiles 1 + `over` times as long."""
        return [each[number] for each in self._until(watch, over)[first : len(watch)] if each is not None]

    def references(self, number: int, watch: Sequence[Block | None], first: int) -> list[Segment]:
        """What a window is compared with: the baseline, and the watch's blocks before number `first`."""
        earlier = [each[number] for each in self._until(watch[:first], 0.0)[:first] if each is not None]
        return [self.baseline[number], *([segment(earlier)] if earlier else [])]

    def _until(self, watch: Sequence[Block | None], over: float) -> list[Row | None]:
        rows = self._rows.setdefault(over, [])
        rows += [None if each is None else row(self.scores, each, 1 + over) for each in watch[len(rows) :]]
        return rows
