"""What must be ruled out before a pass. A pass is a claim of its own: that no failure was found is not enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from ci_reporter.gate.statistics import blocks, errors
from ci_reporter.gate.statistics.evidence import Evidence
from ci_reporter.gate.statistics.immediate import Peaks
from ci_reporter.gate.statistics.robust import Contrast, contrast, segment
from ci_reporter.gate.statistics.series import Series

HIGHEST = 0.95  # quantiles above it have too few probes in a minute to be bounded
_TWICE = 2.0
_CARE = 0.5  # errors: the growth that a pass rules out
_POINTS, _POINTS_LATE = 0.01, 0.03
_FEW = 6  # errors of n probes: what a short watch cannot tell from none


@dataclass(frozen=True, kw_only=True)
class Span:
    """A part of the watch, and by how many slow answers more than in the baseline a pass allows it to have."""

    name: str
    first: int
    times: float
    share: float

    def room(self, level: float) -> float:
        """`times` the baseline's share above that quantile on top of it, and never more than a share of the rest."""
        # p95, whole watch: 5 % of the baseline's answers lie above it, and 5 points more are allowed, 10 % in all.
        # p50: 50 points more would be all of them, so half of the 50 % below it, 25 points, is the bound.
        return min(self.times * (1 - level), self.share * level)


def spans(seen: Evidence) -> tuple[Span, Span]:
    """All of the watch, with at most twice as many slow answers, and its last minute, with at most four times."""
    late = max(len(seen.watch) - seen.minute, 0)
    return Span(name="watch", first=0, times=1.0, share=0.5), Span(
        name="last minute", first=late, times=3.0, share=0.75
    )


def latency(series: Series, seen: Evidence, margin: float, beta: float) -> str | None:
    """Why the latency is not bounded at the upper 1 − β bound; None where it is."""
    for number, level in _single_scores(series):
        for span in spans(seen):
            if not blocks.with_data(seen.watch[span.first :]):
                return f"the {span.name} has no data"
            chance = _contrast(series, number, seen, span.first, margin).chance_above(span.room(level))
            if chance > beta:
                name = series.scores[number].name
                return f"answers slower than the old {name} {margin:+.0%} are not bounded in the {span.name}"
    return None


def _single_scores(series: Series) -> Iterator[tuple[int, float]]:
    """The numbers and levels of the scores that a pass bounds: single quantiles, not too high."""
    for number, score in enumerate(series.scores):
        if score.level is not None and score.level <= HIGHEST and not score.capped:
            yield number, score.level


def _contrast(series: Series, number: int, seen: Evidence, first: int, margin: float) -> Contrast:
    """The watch's blocks from `first` on, against the baseline and the watch before them."""
    window = segment(series.window(number, seen.watch, first, margin))
    return contrast(series.references(number, seen.watch, first), window, series.scores[number].least)


def slower_than(series: Series, seen: Evidence, change: float, beta: float) -> str | None:
    """Why it is not ruled out that answers take that share longer; None where it is. The test of `early_pass`.

    If every answer took 1 + change times as long, the share above (1 + change) q would be the old one above q.
    """
    for number, _ in _single_scores(series):
        if _contrast(series, number, seen, 0, change).chance_above(0.0) > beta:
            return f"{change:+.0%} at {series.scores[number].name} is not ruled out"
    return None


def twice(seen: Evidence, level: float, peaks: Peaks) -> str | None:
    """Whether the end of the watch is at twice the worst minute of the baseline, at that quantile."""
    now = min(level, HIGHEST)
    for quantile in (blocks.quantile, _answer_quantile):
        limit = _TWICE * peaks.highest(seen.minute, now, answered=quantile is _answer_quantile)
        for number in (seen.minute, max(seen.minute // 2, 1)):
            last = blocks.with_data(seen.watch[-number:])
            if quantile(blocks.pool(last), now) >= limit < inf:
                seconds = number * seen.block_s
                return f"p{now * 100:g} of the last {seconds:g} s is at least twice the baseline's worst minute"
    return None


def _answer_quantile(ordered: list[float], level: float) -> float:
    found = [latency for latency in ordered if latency < inf]
    return blocks.quantile(found, level) if found else 0.0


def error_rate(seen: Evidence, allowed: float) -> str | None:
    """Why the error rate is not bounded by the allowed one and a little more; None where it is."""
    for span, points in zip(spans(seen), (_POINTS, _POINTS_LATE), strict=True):
        sides = seen.sides(span.first)
        if not sides.window:
            return f"the {span.name} has no data"
        total = sum(block.total for block in sides.window)
        most = allowed + max(points, _FEW / total)
        upper = errors.upper_bound(sides)
        if upper > most:
            return f"the error rate of the {span.name} may be {upper:.2%}, and a pass rules out more than {most:.2%}"
    return None


def growth(margin: float) -> float:
    """How many times the old error rate a pass still allows: the rule's margin, and at least half as much again."""
    return 1 + max(margin, _CARE)
