"""Several worker processes: requests are counted in files of `PROMETHEUS_MULTIPROC_DIR`, and a scrape sums them.

The files and the sums are prometheus_client's own (its documentation, "Multiprocess Mode"). Metrics of the service that
are made with prometheus_client are in the same files, so they are summed too.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from ci_reporter.health.traffic import DURATIONS, IN_PROGRESS, LABELS, OTHER, REQUESTS, series_labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def folder(env: Mapping[str, str]) -> str | None:
    """The folder that the workers share, made if need be; None where each process counts for itself."""
    path = env.get(VARIABLE)
    if path:
        os.makedirs(path, exist_ok=True)
    return path


def child_exit(_: Any, worker: Any) -> None:
    """Gunicorn's hook of that name: a worker that has ended has no requests in progress any more."""
    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # it has no annotations


class Workers(MultiProcessCollector):
    """What all workers have written to the folder `path`."""

    def __init__(self, registry: CollectorRegistry, path: str) -> None:
        super().__init__(registry, path)  # type: ignore[no-untyped-call]  # it has no annotations
        self._folder = path

    def collect(self) -> Iterable[Metric]:
        """Sum the files up.

        A worker that starts makes a file first, and gives it a size then: a scrape between the two finds it empty, and
        prometheus_client fails on that (struct.error).
        """
        files = [path for path in glob.glob(os.path.join(glob.escape(self._folder), "*.db")) if _size_bytes(path)]
        return self.merge(files, accumulate=True)  # type: ignore[no-any-return, no-untyped-call]


def _size_bytes(path: str) -> int:
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0  # of a worker that has just ended


class SharedTraffic:
    """Counts the requests of all workers, each in its own files of `path`; give it to `registry` to be collected."""

    def __init__(self, path: str, registry: CollectorRegistry, buckets_s: Sequence[float]) -> None:
        Workers(registry, path)
        own = CollectorRegistry()  # what this process alone has counted is shown to nobody
        self._requests = Counter("http_requests", REQUESTS, [*LABELS, "code"], registry=own)
        self._durations = Histogram(
            "http_request_duration_seconds",
            DURATIONS,
            LABELS,
            registry=own,
            buckets=tuple(sorted(buckets_s)),
        )
        self._in_progress = Gauge("http_requests_in_progress", IN_PROGRESS, registry=own, multiprocess_mode="livesum")
        self._series: dict[tuple[str, str, str], tuple[Callable[[], None], Callable[[float], None]]] = {}

    def begin(self) -> None:
        """Count a request that has arrived."""
        self._in_progress.inc()

    def end(self, method: str, route: str | None, code: int | str, took_s: float) -> None:
        """Count it as answered."""
        self._in_progress.dec()
        key = method, route or OTHER, str(code)
        count, observe = self._series.get(key) or self._series_of(*key)
        count()
        observe(took_s)

    def _series_of(self, method: str, route: str, code: str) -> tuple[Callable[[], None], Callable[[float], None]]:
        method, route, code = series_labels(method, route, code, self._series)
        series = self._requests.labels(method, route, code).inc, self._durations.labels(method, route).observe
        return self._series.setdefault((method, route, code), series)
