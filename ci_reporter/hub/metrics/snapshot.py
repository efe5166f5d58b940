"""The series as text, brought up to date at most once a second, and only where reports have come since.

The budget: the first series that were seen keep their lines; what comes beyond them is folded into one `other` for
each repository. So a series is never now shown and now folded, and no counter goes backwards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ci_reporter.hub.exposition import exposition
from ci_reporter.hub.metrics import series
from ci_reporter.hub.metrics.failure import Failure
from ci_reporter.hub.store import SeriesState, Store

BUDGET = 5_000
_FRESH_S = 1.0


class Snapshot:
    """The text of all series of a store; threads may ask at once."""

    def __init__(self, store: Store, budget: int = BUDGET, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._budget, self._clock = store, budget, clock
        self._lock = threading.Lock()
        self._failure = Failure(_FRESH_S)
        self._shown: dict[int, tuple[str, dict[str, str]]] = {}  # a series' repository and its lines
        self._folded: dict[int, SeriesState] = {}
        self._read_s: float | None = None
        self._texts: dict[bool, list[bytes]] = {}

    @property
    def shown(self) -> int:
        """How many series have lines of their own."""
        return len(self._shown)

    @property
    def folded(self) -> int:
        """How many series are folded."""
        return len(self._folded)

    def text(self, *, openmetrics: bool) -> list[bytes]:
        """The lines of all series, in UTF-8, a piece for each metric. Raises StoreError."""
        with self._lock:
            self._refresh()
            if openmetrics not in self._texts:
                self._texts[openmetrics] = self._render(_all, openmetrics=openmetrics)
            return self._texts[openmetrics]

    def text_of(self, sees: Callable[[str], bool], *, openmetrics: bool) -> list[bytes]:
        """The lines of the repositories that somebody sees. Raises StoreError."""
        with self._lock:
            self._refresh()
            return self._render(sees, openmetrics=openmetrics)

    def _refresh(self) -> None:
        now_s = self._clock()
        if self._read_s is None or now_s - self._read_s >= _FRESH_S:
            is_new, self._read_s = self._read_s is None, None  # after a failure all is read again
            self._failure.check(now_s)
            with self._failure.noted(self._clock):
                self._update(is_new=is_new)
            self._read_s = now_s

    def _update(self, *, is_new: bool) -> None:
        changed = self._store.changed_series()
        if not (is_new or changed):
            return
        for state in self._store.states(None if is_new else sorted(changed)):
            if state.series_id in self._shown or len(self._shown) < self._budget:
                self._shown[state.series_id] = (state.series[0], series.lines_of(state))
            else:
                self._folded[state.series_id] = state
        self._texts.clear()

    def _render(self, sees: Callable[[str], bool], *, openmetrics: bool) -> list[bytes]:
        lines: dict[str, list[str]] = {name: [] for name in series.HEADS}
        for repository, found in self._shown.values():
            if sees(repository):
                for name, text in found.items():
                    lines[name].append(text)
        folded = [state for state in self._folded.values() if sees(state.series[0])]
        for name, text in series.folded(folded).items():
            lines[name].append(text)
        # Metric by metric: as one text all of it would be in memory twice while it is encoded.
        return [exposition([block], openmetrics=openmetrics).encode() for block in series.blocks(lines) if block.lines]


def _all(_: str) -> bool:
    return True
