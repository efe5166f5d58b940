"""What a service answers: requests by method, route and status code, how long they took, how many are under way.

Counted here and not with prometheus_client's own counters, which cost several times as much a request. The names, help
texts and labels of a service's metrics are in this file.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate, count

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from ci_reporter.model import BuildInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from prometheus_client.core import Metric

    Note = tuple[str, str | None, int | str, float]  # method, route template, status code, seconds

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OTHER = "other"
_MOST_SERIES = 1000
EVERY = 500
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"))
_LABELS = ("method", "route")


class _Series:
    """Requests of one method, route and status code, by bucket."""

    __slots__ = ("counts", "sum_s")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * (buckets + 1)
        self.sum_s = 0.0


class Traffic:
    """Counts requests, from any thread; a collector of prometheus_client.

    A request costs two steps, each atomic: `begin()` gives it a number, `end(note)` keeps a note of it. The notes are
    added up on every 500th request, by whoever began it, and at every look: all together they take less time.
    """

    def __init__(self, buckets_s: Sequence[float] = BUCKETS_S) -> None:
        self._buckets_s = tuple(sorted(buckets_s))
        self._series: dict[tuple[str, str, str], _Series] = {}
        self._lock = threading.Lock()
        self._notes: deque[Note] = deque()
        self._begun = count(1)
        self._ended = 0
        self._looks = 0
        self.begin = self._begun.__next__
        self.end = self._notes.append

    def add_up(self) -> None:
        """Count what was noted."""
        with self._lock:
            for _ in range(len(self._notes)):
                method, route, code, took_s = self._notes.popleft()
                key = method, route or OTHER, str(code)
                series = self._series.get(key) or self._folded(*key)
                series.counts[bisect_left(self._buckets_s, took_s)] += 1
                series.sum_s += took_s
                self._ended += 1

    def _under_way(self) -> int:
        """Requests begun and not ended; each look takes one number from those that count the begun."""
        self._looks += 1
        return next(self._begun) - self._looks - self._ended

    def _folded(self, method: str, route: str, code: str) -> _Series:
        """The series of a request not seen before: what a stranger makes up is `other`, and so is all beyond 1000."""
        known = method if method in _METHODS else OTHER
        key = (known, route, code)
        if key not in self._series and len(self._series) >= _MOST_SERIES:
            key = (known, OTHER, OTHER)
        return self._series.setdefault(key, _Series(len(self._buckets_s)))

    def collect(self) -> Iterator[Metric]:
        """What was counted so far."""
        self.add_up()
        with self._lock:
            under_way = self._under_way()
            found = [(key, list(each.counts), each.sum_s) for key, each in self._series.items()]
        requests = CounterMetricFamily("http_requests", "Requests answered.", labels=[*_LABELS, "code"])
        sums: dict[tuple[str, str], tuple[list[int], float]] = {}
        for (method, route, code), counts, sum_s in found:
            labels = (method, route)
            requests.add_metric([*labels, code], sum(counts))
            before, before_s = sums.get(labels, ([0] * len(counts), 0.0))
            sums[labels] = [a + b for a, b in zip(before, counts, strict=True)], before_s + sum_s
        yield requests
        yield self._durations(sums)
        yield GaugeMetricFamily("http_requests_in_progress", "Requests whose answer is not complete yet.", under_way)

    def _durations(self, sums: dict[tuple[str, str], tuple[list[int], float]]) -> Metric:
        text = "Time from a request's arrival to the end of its answer's body."
        family = HistogramMetricFamily("http_request_duration_seconds", text, labels=_LABELS)
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
