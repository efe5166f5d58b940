"""What the recordings of good gates teach: how far a service wanders without a deploy that is to blame.

Each recording counts twice, forwards and backwards, as a gate on a service that did not change. What the judge's tests
would have found there is noise, so a window of today's watch has to exceed it. Only ratios to each gate's own
baseline are looked at, so a busy day and a quiet one teach the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt

from ci_reporter.gate.recording import Recording, Signal
from ci_reporter.gate.rules.conditions import Relative
from ci_reporter.gate.statistics import blocks, calm, control
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.evidence import Blocks
from ci_reporter.gate.statistics.latency import BATCHES, batches, compare_batches
from ci_reporter.gate.statistics.learnt import LENGTHS_S, History, Learnt, Margins, measure
from ci_reporter.gate.statistics.robust import contrast, segment
from ci_reporter.gate.statistics.schedule import LOOK_EVERY_S, MINUTE_S
from ci_reporter.gate.statistics.scores import scores
from ci_reporter.gate.statistics.series import Series

MARGINS = (0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 0.95, 1.3, inf)
_TRAILING_S = (30.0, 60.0, 120.0)
_UNLIKELY = 0.1  # a window of a past gate whose p is that small says that the margin was too small
_FEWEST_BLOCKS = 6
_MOST_BLOCKS = 240  # 20 min: the work grows with their square, and a watch of a day would take hours
_FEWEST_MORE = 3  # blocks that a trailing window must leave out, as in schedule.windows
_QUIET_GATES = 5  # three were measured to be too few
_QUIET_MARGIN, _QUIET_ERRORS = 0.25, 0.03
_LONGEST = 0.85  # of the margin of two minutes
_SHORT = 2  # classes of windows below 105 s: what a shorter `sustain` is about


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A measure's blocks in one past gate."""

    before: Sequence[Block]
    after: Sequence[Block]
    block_s: float

    def backwards(self) -> Gate:
        """The same backwards: its end as the baseline, and what was before as the watch."""
        whole = [*self.before, *self.after][::-1]
        return Gate(before=whole[: len(self.before)], after=whole[len(self.before) :], block_s=self.block_s)

    def number(self, seconds: float) -> int:
        """How many blocks so many seconds have, one at least."""
        return max(round(seconds / self.block_s), 1)


def learn(past: Sequence[tuple[Recording, Recording]], compared: Iterable[Relative]) -> History:
    """What the baselines and watches of good gates teach about these comparisons."""
    found: dict[str, Learnt] = {}
    for leaf in compared:
        gates = [gate for before, after in past if (gate := gate_of(leaf, before, after))]
        if gates and measure(leaf) not in found:
            found[measure(leaf)] = _learn(gates, leaf.quantile)
    return History(measures=found)


def _learn(gates: Sequence[Gate], quantile: float | None) -> Learnt:
    return learn_errors(gates) if quantile is None else learn_latency([lesson(each, quantile) for each in gates])


def gate_of(leaf: Relative, before: Recording, after: Recording) -> Gate | None:
    """A measure's blocks, without those that the control excuses; None where the gate did not see enough of it."""
    old, new = (each.signals.get(leaf.signal, Signal()) for each in (before, after))
    if not (old.samples and new.samples) or (leaf.quantile is not None and not (old.probes and new.probes)):
        return None
    block_s = blocks.length_s(new, old)
    cut = [
        blocks.with_data(Blocks(block_s).until(blocks.end_s(signal), signal, excused))
        for signal, excused in (
            (old, control.excused_blocks(before, None)),
            (new, control.excused_blocks(after, before)),
        )
    ]
    if min(map(len, cut)) < _FEWEST_BLOCKS:
        return None
    return Gate(before=cut[0][-_MOST_BLOCKS:], after=cut[1][:_MOST_BLOCKS], block_s=block_s)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What one gate teaches of a latency: its margins, how far its minutes wandered, and its errors."""

    margins: Mapping[str, Margins]
    wander: float
    bad: int
    total: int


def lesson(gate: Gate, quantile: float) -> Lesson:
    """What a gate teaches, forwards and backwards."""
    both = (gate, gate.backwards())
    minute = gate.number(MINUTE_S)
    there = [*gate.before, *gate.after]
    return Lesson(
        margins=_largest([margins(each, quantile) for each in both]),
        wander=max(calm.wander(each.before, each.after, minute) for each in both),
        bad=sum(block.bad for block in there),
        total=sum(block.total for block in there),
    )


def learn_latency(lessons: Sequence[Lesson]) -> Learnt:
    """The margins of each score: at least what every past gate kept, and at least the median of all scores.

    The latter as a score that happened to be calm in five gates is not calm when its neighbours are not.
    """
    own = _largest([each.margins for each in lessons])
    names = [name for name in own if name != BATCHES]
    if not names:
        return Learnt(gates=len(lessons))
    usual = tuple(_median_margin([own[name][at] for name in names]) for at in range(len(LENGTHS_S)))
    return Learnt(
        gates=len(lessons),
        margins={name: _growing(tuple(map(max, each, usual))) for name, each in own.items()},
        usual=_growing(usual),
        quiet=_is_quiet(lessons, [own[name] for name in names]),
    )


def _growing(row: Margins) -> Margins:
    """Longer windows need what shorter ones did, as a gate that passed never showed the noise of a minute or two.

    A neighbour that was noisy for half a minute in five gates will be so for two minutes one day. Windows beyond two
    minutes need .85 of that: noise that is forgotten within τ = 2 min has a standard deviation in the mean of T of
    √(2τ/T · (1 − τ/T · (1 − exp(−T/τ)))): .86 in two minutes, .71 in five.
    """
    thirty, sixty, longer, longest = row
    sixty = max(thirty, sixty)
    longer = max(sixty, longer)
    return thirty, sixty, longer, max(_LONGEST * longer, longest)


def _median_margin(found: Sequence[float]) -> float:
    return sorted(found)[len(found) // 2]


def _largest(found: Sequence[Mapping[str, Margins]]) -> dict[str, Margins]:
    names = dict.fromkeys(name for each in found for name in each)
    smallest = (0.0,) * len(LENGTHS_S)
    return {name: tuple(map(max, *(each.get(name, smallest) for each in found), smallest)) for name in names}


def margins(gate: Gate, quantile: float) -> dict[str, Margins]:
    """By score the smallest margin, for each class of window, at which none of the gate's windows is unlikely.

    Where the first one was enough, nothing was learnt, and the margin is 0: a rule of `> +5%` stays what it is.
    """
    tests = scores(gate.before, quantile)
    series = Series(tests, gate.before)
    found = {score.name: [0] * len(LENGTHS_S) for score in tests}
    for first, end in _windows(gate):
        at = _length_class((end - first) * gate.block_s)
        for number, score in enumerate(tests):
            row = found[score.name]
            while row[at] < len(MARGINS) - 1 and _exceeds(series, number, gate.after[:end], first, MARGINS[row[at]]):
                row[at] += 1
    found[BATCHES] = _batch_margins(gate, quantile)
    return {name: tuple(MARGINS[at] if at else 0.0 for at in row) for name, row in found.items()}


def _windows(gate: Gate) -> Iterator[tuple[int, int]]:
    """First block and end of each window that a watch would have looked at, every 15 s."""
    trailing = [gate.number(seconds) for seconds in _TRAILING_S]
    for end in range(gate.number(_TRAILING_S[0]), len(gate.after) + 1, gate.number(LOOK_EVERY_S)):
        yield 0, end
        yield from ((end - number, end) for number in trailing if end >= number + _FEWEST_MORE)


def _length_class(seconds: float) -> int:
    return next(at for at, most_s in enumerate(LENGTHS_S) if seconds < most_s)


def _exceeds(series: Series, number: int, watch: Sequence[Block], first: int, over: float) -> bool:
    """Whether the judge's robust test finds the window slower by more than that margin, at 10 %."""
    window = segment(series.window(number, watch, first, over))
    if window.mean <= series.baseline[number].mean:
        return False
    found = contrast(series.references(number, watch, first), window, series.scores[number].least)
    return found.difference > 0 and found.p <= _UNLIKELY


def _batch_margins(gate: Gate, quantile: float) -> list[int]:
    """Of the 30-s quantiles; looked at where a batch ends."""
    old = batches(gate.before, gate.block_s, quantile, answered=True)
    new = batches(gate.after, gate.block_s, quantile, answered=True)
    row, size_s = [0] * len(LENGTHS_S), gate.number(30.0) * gate.block_s
    for end in range(1, len(new) + 1):
        for first in {0, *(end - round(seconds / size_s) for seconds in _TRAILING_S)}:
            if first < 0:
                continue
            at = _length_class((end - first) * size_s)
            while row[at] < len(MARGINS) - 1 and (
                compare_batches(old, new[first:end], MARGINS[row[at]], _UNLIKELY).p <= _UNLIKELY
            ):
                row[at] += 1
    return row


def _is_quiet(lessons: Sequence[Lesson], own: Sequence[Margins]) -> bool:
    """Whether short windows never needed a large margin, no minute wandered by a fifth, and errors are rare."""
    small = all(margin <= _QUIET_MARGIN for row in own for margin in row[:_SHORT])
    near = all(each.wander <= calm.MOST_WANDER for each in lessons)
    errors = sum(each.bad for each in lessons) / max(sum(each.total for each in lessons), 1)
    return len(lessons) >= _QUIET_GATES and small and near and errors < _QUIET_ERRORS


def learn_errors(gates: Sequence[Gate]) -> Learnt:
    """φ of the errors of whole minutes: their variance inside the gates over their mean.

    It is as if two gates of φ = 1 had been seen beside them. Below what chance alone gives, two standard errors of
    √(2/n) each, it is 1.
    """
    minutes = [list(_minutes([*gate.before, *gate.after], gate.number(MINUTE_S))) for gate in gates]
    number = sum(len(each) for each in minutes)
    total = sum(map(sum, minutes))
    if not total or number <= len(gates):
        return Learnt(gates=len(gates))
    squares = sum((count - sum(each) / len(each)) ** 2 for each in minutes for count in each)
    phi = squares / (number - len(gates)) / (total / number)
    if phi <= 1 + 2 * sqrt(2 / number):
        return Learnt(gates=len(gates))
    return Learnt(gates=len(gates), dispersion=max(1.0, (len(gates) * phi + 2) / (len(gates) + 2)))


def _minutes(there: Sequence[Block], number: int) -> Iterator[int]:
    """The errors of each minute, every half minute."""
    for end in range(number, len(there) + 1, max(number // 2, 1)):
        yield sum(block.bad for block in there[end - number : end])
