"""Before and after as small Mermaid charts: latency, and the share of errors where latency alone would mislead.

Source: Mermaid, "XY Chart"; its numbers have no exponent, and its lines no gaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ci_reporter.gate.recording import Count, Probe, Recording, Sample
from ci_reporter.gate.statistics.figures import main_signal, of_probes

_MOST_POINTS = 12  # a window: more labels than that run into each other
FEWEST_POINTS = 3
_SHORTEST_S = 5.0
_NAMES = "`b` is the baseline, `w` the watch"


@dataclass(frozen=True, kw_only=True)
class Point:
    """What one block of a window showed; a percentile is None where too many of its probes failed."""

    label: str = ""
    p50_ms: float | None = None
    p95_ms: float | None = None
    bad_pct: float = 0.0


def charts(baseline: Recording | None, watch: Recording | None) -> Iterator[str]:
    """Each chart with a line that says what it shows; none where there is too little to see."""
    windows = points(baseline, "b"), points(watch, "w")
    both = [*windows[0], *windows[1]]
    if len(both) < FEWEST_POINTS:
        return
    gaps = any(point.p95_ms is None for point in both)
    if all(any(point.p95_ms is not None for point in window) for window in windows if window):
        repeated = "; a block in which too many failed repeats the one before" if gaps else ""
        yield f"Latency in ms: p95 above p50; {_NAMES}{repeated}."
        p95, p50 = (
            [value for window in windows for value in _without_gaps([getattr(point, name) for point in window])]
            for name in ("p95_ms", "p50_ms")
        )
        yield _chart("ms", both, [p95, p50], most=max(p95) * 1.1 or 1.0)
    if gaps:
        yield f"Errors in %; {_NAMES}."
        bad = [point.bad_pct for point in both]
        yield _chart("%", both, [bad], most=min(100.0, max(1.0, max(bad) * 1.5)))


def points(recording: Recording | None, letter: str = "") -> list[Point]:
    """A window in at most twelve blocks of at least five seconds; `letter` begins their labels."""
    chosen = main_signal(recording)
    slices: dict[int, list[Sample]] = {}
    size_s = max(_SHORTEST_S, (max(chosen.times, default=0.0) + 1e-6) / _MOST_POINTS)
    for sample in chosen.probes or chosen.counts:
        slices.setdefault(int(sample.t // size_s), []).append(sample)
    found = [_point(slices[at]) for at in sorted(slices)]
    return [replace(point, label=f"{letter}{at}") for at, point in enumerate(found, start=1)]


def _point(samples: Sequence[Sample]) -> Point:
    counts = [each for each in samples if isinstance(each, Count)]
    if counts:
        total = sum(each.total for each in counts)
        return Point(bad_pct=100 * sum(each.bad for each in counts) / total if total else 0.0)
    found = of_probes([each for each in samples if isinstance(each, Probe)])
    return Point(p50_ms=found.p50_ms, p95_ms=found.p95_ms, bad_pct=100 * (found.error_ratio or 0.0))


def _without_gaps(values: Sequence[float | None]) -> list[float]:
    """The values, each gap filled with what was before it, or comes first."""
    last = next((value for value in values if value is not None), 0.0)
    return [last := last if value is None else value for value in values]


def _chart(unit: str, points: Sequence[Point], series: Sequence[Sequence[float]], most: float) -> str:
    lines = [f"    line [{', '.join(_number(value) for value in values)}]" for values in series]
    axes = (f"    x-axis [{', '.join(point.label for point in points)}]", f'    y-axis "{unit}" 0 --> {_number(most)}')
    return "\n".join(("```mermaid", "xychart-beta", *axes, *lines, "```"))


def _number(value: float) -> str:
    return f"{value:.2f}"
