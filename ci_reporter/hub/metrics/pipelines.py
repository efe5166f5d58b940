"""`ci_pipeline_*` and `ci_deployment_*`: each pipeline's last run, and counters of all, as Prometheus reads them.

A pipeline's lines are written anew when one of its runs has changed. Beyond the budget a pipeline has none of its own:
its counters are in `other` of its repository, or, after a thousand of these, of all others. The first that were seen
keep theirs, so no counter goes backwards.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ci_reporter.hub.exposition import Block, Type, labels, line
from ci_reporter.hub.metrics.failure import Failure
from ci_reporter.hub.metrics.series import by_repository
from ci_reporter.hub.runs.counting import DAY_MS, RAN, WAITED
from ci_reporter.hub.runs.reading import changes_after, last_number, last_runs
from ci_reporter.hub.runs.record import Record
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.store import BUCKETS_MS
from ci_reporter.hub.store.tables import Tables

BUDGET = 2_000
_FRESH_S = 1.0
_LOOKED_AT = 30  # runs of a pipeline: the last ones, and those that go on
_MOST_CHANGES = 10_000
_WINDOWS = {"1d": 1, "7d": 7, "30d": 30}
_LABELS = ("repository", "pipeline", "branch")
_OTHER = "other"
_HEADS: Mapping[str, tuple[Type, str]] = {
    "ci_pipeline_status": (Type.GAUGE, "Whether the last run that was over succeeded: 1, or 0."),
    "ci_pipeline_running": (Type.GAUGE, "Runs that are on their way, without those that wait."),
    "ci_pipeline_last_duration_seconds": (Type.GAUGE, "How long the last run that was over took."),
    "ci_pipeline_last_run_timestamp_seconds": (Type.GAUGE, "When the last run that was over ended."),
    "ci_pipeline_success_ratio": (Type.GAUGE, "Successes among the runs of the last days, without cancelled ones."),
    "ci_pipeline_runs": (Type.COUNTER, "Runs that are over, each attempt once, by result."),
    "ci_pipeline_duration_seconds": (Type.HISTOGRAM, "How long runs took."),
    "ci_pipeline_queued_seconds": (Type.HISTOGRAM, "How long runs waited before their first job."),
}
_TIMES = {RAN: "ci_pipeline_duration_seconds", WAITED: "ci_pipeline_queued_seconds"}
_PIPELINES = "SELECT repository, pipeline, series_branch FROM pipeline ORDER BY repository, pipeline, series_branch"
_OF_PIPELINE = "WHERE repository = :repository AND pipeline = :pipeline AND series_branch = :series_branch"
_TOTALS = f"SELECT result, runs FROM pipeline_total {_OF_PIPELINE} ORDER BY result"  # noqa: S608
_BUCKETS = f"SELECT kind, le_ms, runs, sum_ms FROM pipeline_time {_OF_PIPELINE}"  # noqa: S608
_DAYS = f"SELECT day, judged, succeeded FROM pipeline_day {_OF_PIPELINE} AND day > :first"  # noqa: S608
_DEPLOYMENTS = "SELECT repository, environment, result, deployments, last_ms FROM deployment_total ORDER BY 1, 2, 3"
_GAPS = "SELECT provider, host, runs FROM webhook_gap ORDER BY provider, host"

Series = tuple[str, str, str]
Buckets = Mapping[tuple[str, int], tuple[int, int]]


class _Counts(NamedTuple):
    """What is counted of a pipeline: runs by result; by kind and bound, runs and milliseconds."""

    totals: Mapping[str, int]
    buckets: Buckets


class Pipelines:
    """The blocks, brought up to date at most once a second; threads may ask at once."""

    def __init__(self, tables: Tables, *, budget: int = BUDGET, clock: Callable[[], float] = time.time) -> None:
        self._tables, self._budget, self._clock = tables, budget, clock
        self._lock = threading.Lock()
        self._failure = Failure(_FRESH_S)
        self._read_s = 0.0
        self._day = self._number = -1
        self._shown: dict[Series, dict[str, str]] = {}
        self._folded: dict[Series, _Counts] = {}
        self._blocks: list[Block] = []

    def blocks(self) -> Sequence[Block]:
        """The metrics as they are now. Raises StoreError."""
        with self._lock:
            now_s = self._clock()
            if abs(now_s - self._read_s) >= _FRESH_S:
                self._failure.check(now_s)
                with self._failure.noted(self._clock):
                    self._update(round(now_s * 1000))
                self._read_s = now_s
            return self._blocks

    def _update(self, now_ms: int) -> None:
        select, day = self._tables.select, now_ms // DAY_MS
        last = last_number(select)
        for series in self._changes(last, is_new=day != self._day):
            counts = _counts(select, series)
            if series in self._shown or len(self._shown) < self._budget:
                days = select(_DAYS, **_parameters(series), first=day - max(_WINDOWS.values()))
                self._shown[series] = _lines(series, last_runs(select, series, _LOOKED_AT), counts, _ratios(days, day))
            else:
                self._folded[series] = counts
        self._number, self._day = last, day
        self._blocks = [*self._render(), *_deployments(select(_DEPLOYMENTS)), _gaps(select(_GAPS))]

    def _changes(self, last: int, *, is_new: bool) -> Iterable[Series]:
        """The pipelines to be looked at; all of them on a new day, whose windows are others."""
        if is_new or last > self._number + _MOST_CHANGES:
            return [(repository, pipeline, branch) for repository, pipeline, branch in self._tables.select(_PIPELINES)]
        found = changes_after(self._tables.select, self._number, _MOST_CHANGES) if last > self._number else []
        return {(each.repository, each.pipeline, each.branch): None for each in found if each.pipeline or each.branch}

    def _render(self) -> list[Block]:
        lines: dict[str, list[str]] = {name: [] for name in _HEADS}
        folded = by_repository((series[0], counts) for series, counts in self._folded.items())
        others = [_counters((repository, _OTHER, _OTHER), _sum(each)) for repository, each in sorted(folded.items())]
        for found in (*self._shown.values(), *others):
            for name, text in found.items():
                lines[name].append(text)
        return [Block(name, kind, text, lines[name]) for name, (kind, text) in _HEADS.items()]


def _counts(select: Callable[..., Sequence[tuple[Any, ...]]], series: Series) -> _Counts:
    named = _parameters(series)
    buckets = {(kind, le_ms): (runs, sum_ms) for kind, le_ms, runs, sum_ms in select(_BUCKETS, **named)}
    return _Counts(dict(select(_TOTALS, **named)), buckets)


def _parameters(series: Series) -> dict[str, str]:
    return dict(zip(("repository", "pipeline", "series_branch"), series, strict=True))


def _ratios(days: Iterable[tuple[int, int, int]], today: int) -> dict[str, float]:
    """Successes among what was judged in each window, which ends with today."""
    known = list(days)
    found = {}
    for name, length in _WINDOWS.items():
        within = [(judged, succeeded) for day, judged, succeeded in known if today - length < day <= today]
        if judged := sum(each[0] for each in within):
            found[name] = sum(each[1] for each in within) / judged
    return found


def _lines(series: Series, runs: Sequence[Record], counts: _Counts, ratios: Mapping[str, float]) -> dict[str, str]:
    inner = labels(_LABELS, series)
    running = sum(each.state is Status.RUNNING for each in runs)
    found = {"ci_pipeline_running": line("ci_pipeline_running", inner, running), **_counters(series, counts)}
    over = [each for each in runs if each.state.is_final and each.state not in (Status.CANCELLATION, Status.SKIP)]
    if over:
        last = max(over, key=lambda each: each.finished_ms or 0)
        took_ms, ended_ms = last.duration_ms, last.finished_ms
        known = {
            "ci_pipeline_status": int(last.state is Status.SUCCESS),
            "ci_pipeline_last_duration_seconds": None if took_ms is None else took_ms / 1000,
            "ci_pipeline_last_run_timestamp_seconds": None if ended_ms is None else ended_ms / 1000,
        }
        found |= {name: line(name, inner, value) for name, value in known.items() if value is not None}
    found["ci_pipeline_success_ratio"] = "".join(
        line("ci_pipeline_success_ratio", f'{inner}{"," if inner else ""}window="{name}"', value)
        for name, value in ratios.items()
    )
    return found


def _counters(series: Series, counts: _Counts) -> dict[str, str]:
    inner = labels(_LABELS, series)
    comma = "," if inner else ""
    runs = "".join(
        line("ci_pipeline_runs_total", f'{inner}{comma}result="{result}"', count)
        for result, count in sorted(counts.totals.items())
    )
    times = {name: _histogram(name, inner, kind, counts.buckets) for kind, name in _TIMES.items()}
    return {"ci_pipeline_runs": runs, **times}


def _histogram(name: str, inner: str, kind: str, buckets: Buckets) -> str:
    if not any(each == kind for each, _ in buckets):
        return ""
    comma, below, total_ms = "," if inner else "", 0, 0
    parts = []
    for le_ms in (*BUCKETS_MS, 0):
        runs, sum_ms = buckets.get((kind, le_ms), (0, 0))
        below, total_ms = below + runs, total_ms + sum_ms
        parts.append(line(f"{name}_bucket", f'{inner}{comma}le="{le_ms / 1000 if le_ms else "+Inf"}"', below))
    return "".join([*parts, line(f"{name}_sum", inner, total_ms / 1000), line(f"{name}_count", inner, below)])


def _sum(counts: Iterable[_Counts]) -> _Counts:
    totals: dict[str, int] = defaultdict(int)
    buckets: dict[tuple[str, int], tuple[int, int]] = {}
    for each in counts:
        for result, count in each.totals.items():
            totals[result] += count
        for key, (runs, sum_ms) in each.buckets.items():
            before = buckets.get(key, (0, 0))
            buckets[key] = before[0] + runs, before[1] + sum_ms
    return _Counts(totals, buckets)


def _deployments(rows: Iterable[tuple[Any, ...]]) -> list[Block]:
    names = ("repository", "environment", "result")
    found = [(labels(names, row[:3]), row[3], row[4] / 1000) for row in rows]
    total, last = "ci_deployment_total", "ci_deployment_last_timestamp_seconds"
    return [
        Block(
            "ci_deployment",
            Type.COUNTER,
            "Deployments that are over.",
            [line(total, each[0], each[1]) for each in found],
        ),
        Block(last, Type.GAUGE, "When the last deployment ended.", [line(last, each[0], each[2]) for each in found]),
    ]


def _gaps(rows: Iterable[tuple[Any, ...]]) -> Block:
    text = "Runs that polling saw end and no webhook told of, of repositories that send webhooks."
    lines = [line("ci_webhook_gap_total", labels(("provider", "host"), row[:2]), row[2]) for row in rows]
    return Block("ci_webhook_gap", Type.COUNTER, text, lines)
