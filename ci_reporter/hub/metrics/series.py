"""A series as lines of each metric: the gauges of its latest report, as the Pushgateway would show them, and counters.

Counters and a histogram are what a pushed gauge cannot be: each run counts, also those between two scrapes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from ci_reporter import metrics
from ci_reporter.hub.exposition import Block, Type, labels, line
from ci_reporter.hub.store import BUCKETS_MS, Series, SeriesState
from ci_reporter.schema import from_json

T = TypeVar("T")
LABELS = ("repository", "pipeline", "ci_job", "step", "branch")
RUNS = "ci_step_runs"
DURATIONS = "ci_step_run_duration_seconds"
_OTHER = "other"
_MOST_REPOSITORIES = 1_000  # whose folded series have lines
_GAUGES = (*metrics.FAMILIES, metrics.BUILD_INFO)
HEADS: Mapping[str, tuple[Type, str]] = {
    **{family.name: (Type.GAUGE, family.help) for family in _GAUGES},
    RUNS: (Type.COUNTER, "Runs of the step, by result."),
    DURATIONS: (Type.HISTOGRAM, "How long the runs of the step took."),
}


def lines_of(state: SeriesState) -> dict[str, str]:
    """The lines of a series, by metric; none where no report of it is left.

    What the latest report did not measure stays as the last success has it, as on a Pushgateway.
    """
    if state.body is None:
        return {}
    inner = labels(LABELS, state.series)
    reports = [from_json(json.loads(body)) for body in (state.success, state.body) if body is not None]
    found = {each.family.name: _gauge(each, inner) for each in metrics.newest(map(metrics.samples, reports))}
    return {**found, **_counts(state, inner)}


def folded(states: Sequence[SeriesState]) -> dict[str, str]:
    """What is counted of series beyond the budget, together for each repository; they have no gauges."""
    found: dict[str, list[str]] = {}
    for repository, group in by_repository((state.series[0], state) for state in states).items():
        whole = _sum(group, (repository, _OTHER, _OTHER, _OTHER, _OTHER))
        for name, text in _counts(whole, labels(LABELS, whole.series)).items():
            found.setdefault(name, []).append(text)
    return {name: "".join(texts) for name, texts in found.items()}


def by_repository(items: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    """What is folded of each repository.

    Whoever may send reports can also invent repositories: those after the first so many are `other`.
    """
    groups: dict[str, list[T]] = {}
    for repository, item in items:
        is_shown = repository in groups or len(groups) < _MOST_REPOSITORIES
        groups.setdefault(repository if is_shown else _OTHER, []).append(item)
    return groups


def blocks(lines: Mapping[str, Sequence[str]]) -> list[Block]:
    """The metrics in their order, with these lines."""
    return [Block(name, kind, text, lines.get(name, ())) for name, (kind, text) in HEADS.items()]


def _gauge(sample: metrics.Samples, inner: str) -> str:
    name, names = sample.family.name, sample.family.labels
    return "".join(
        line(name, ",".join(filter(None, (inner, labels(names, values)))), value) for values, value in sample.values
    )


def _counts(state: SeriesState, inner: str) -> dict[str, str]:
    comma = "," if inner else ""
    runs = "".join(
        line(f"{RUNS}_total", f'{inner}{comma}result="{result}"', count) for result, count in sorted(state.runs.items())
    )
    return {RUNS: runs, DURATIONS: _histogram(state, inner, comma)} if state.buckets else {RUNS: runs}


def _histogram(state: SeriesState, inner: str, comma: str) -> str:
    parts, below = [], 0
    for le_ms in BUCKETS_MS:
        below += state.buckets.get(le_ms, 0)
        parts.append(line(f"{DURATIONS}_bucket", f'{inner}{comma}le="{le_ms / 1000}"', below))
    count = below + state.buckets.get(0, 0)
    parts.append(line(f"{DURATIONS}_bucket", f'{inner}{comma}le="+Inf"', count))
    parts.append(line(f"{DURATIONS}_sum", inner, state.duration_ms / 1000))
    parts.append(line(f"{DURATIONS}_count", inner, count))
    return "".join(parts)


def _sum(states: Sequence[SeriesState], series: Series) -> SeriesState:
    runs: dict[str, int] = {}
    buckets: dict[int, int] = {}
    for state in states:
        for result, count in state.runs.items():
            runs[result] = runs.get(result, 0) + count
        for le_ms, count in state.buckets.items():
            buckets[le_ms] = buckets.get(le_ms, 0) + count
    total_ms = sum(state.duration_ms for state in states)
    return SeriesState(series_id=0, series=series, body=None, runs=runs, duration_ms=total_ms, buckets=buckets)
