"""What a service answers: requests by method, route and status code, how long they took, how many are in progress.

prometheus_client's own counters cost several times as much a request, so this collector counts by itself. The names,
help texts and labels of a service's metrics are in this file.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from ci_reporter.model import BuildInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from prometheus_client.core import Metric

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OTHER = "other"
_MOST_SERIES = 1000
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"))
LABELS = ("method", "route")
REQUESTS = "Requests answered."
DURATIONS = "Time from a request's arrival to the end of its answer's body."
IN_PROGRESS = "Requests whose answer is not complete yet."


def series_labels(method: str, route: str, code: str, known: Collection[tuple[str, str, str]]) -> tuple[str, str, str]:
    """The labels of a series not seen before: a method nobody knows is `other`, and so is all beyond 1000 series."""
    method = method if method in _METHODS else OTHER
    if (method, route, code) not in known and len(known) >= _MOST_SERIES:
        return method, OTHER, OTHER
    return method, route, code


class _Series:
    """Requests of one method, route and status code, by bucket."""

    __slots__ = ("counts", "sum_s")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * (buckets + 1)
        self.sum_s = 0.0


class Traffic:
    """Counts requests, from any thread; a collector of prometheus_client."""

    def __init__(self, buckets_s: Sequence[float] = BUCKETS_S) -> None:
        self._buckets_s = tuple(sorted(buckets_s))
        self._series: dict[tuple[str, str, str], _Series] = {}
        self._lock = threading.Lock()
        self._in_progress = 0

    def begin(self) -> None:
        """Count a request that has arrived."""
        with self._lock:
            self._in_progress += 1

    def end(self, method: str, route: str | None, code: int | str, took_s: float) -> None:
        """Count it as answered: its route template, its status code, and how long it took."""
        key = method, route or OTHER, str(code)
        with self._lock:
            self._in_progress -= 1
            series = self._series.get(key) or self._series_of(*key)
            series.counts[bisect_left(self._buckets_s, took_s)] += 1
            series.sum_s += took_s

    def _series_of(self, method: str, route: str, code: str) -> _Series:
        key = series_labels(method, route, code, self._series)
        return self._series.setdefault(key, _Series(len(self._buckets_s)))

    def collect(self) -> Iterator[Metric]:
        """What was counted so far."""
        with self._lock:
            in_progress = self._in_progress
            found = [(key, list(each.counts), each.sum_s) for key, each in self._series.items()]
        requests = CounterMetricFamily("http_requests", REQUESTS, labels=[*LABELS, "code"])
        sums: dict[tuple[str, str], tuple[list[int], float]] = {}
        for (method, route, code), counts, sum_s in found:
            labels = (method, route)
            requests.add_metric([*labels, code], sum(counts))
            before, before_s = sums.get(labels, ([0] * len(counts), 0.0))
            sums[labels] = [a + b for a, b in zip(before, counts, strict=True)], before_s + sum_s
        yield requests
        yield self._durations(sums)
        yield GaugeMetricFamily("http_requests_in_progress", IN_PROGRESS, in_progress)

    def _durations(self, sums: dict[tuple[str, str], tuple[list[int], float]]) -> Metric:
        family = HistogramMetricFamily("http_request_duration_seconds", DURATIONS, labels=LABELS)
        bounds = [*map(str, self._buckets_s), "+Inf"]
        for labels, (counts, sum_s) in sums.items():
            family.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), sum_s)
        return family


class Build:
    """`build_info`: which build runs here; none where nothing is known. A collector of prometheus_client."""

    def __init__(self, build: BuildInfo) -> None:
        self._build = build

    def collect(self) -> Iterator[Metric]:
        """One sample, always 1."""
        values = [self._build.version or "", self._build.revision or "", self._build.branch or ""]
        if any(values):
            text = "The build that runs here; always 1."
            family = GaugeMetricFamily("build_info", text, labels=["version", "revision", "branch"])
            family.add_metric(values, 1)
            yield family
