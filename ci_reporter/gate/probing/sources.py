"""Everything that a phase watches at once: probes from their own process, and counts from Prometheus."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count

from ci_reporter.gate.probing import promql, targets
from ci_reporter.gate.probing.commands import Commands
from ci_reporter.gate.probing.prober import Prober
from ci_reporter.gate.probing.promql import NoData
from ci_reporter.gate.recording import Sample
from ci_reporter.gate.rules.ruleset import Gauge, Query, RuleSet
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_LISTEN_EVERY_S = 0.1
_INSTANT_S = 1e-3
_LATE_INTERVALS = 2  # a server that hangs does not hold up what is known without it
_LAG_S = 1.0  # what was scraped last needs a moment until it can be asked for


class Sources:
    """A phase's probes and counts behind one `poll`; a context manager, whose clock starts on entering."""

    def __init__(
        self, rules: RuleSet, env: Mapping[str, str], proxies: Mapping[str, str], prometheus: Prometheus | None
    ) -> None:
        watched = targets.of_watch(rules, env)
        self._prober = Prober(watched, proxies) if watched else None
        asked: tuple[Query | Gauge, ...] = (*rules.queries, *rules.gauges)
        self._scraper = Scraper(asked, prometheus, rules.settings.interval_s) if prometheus else None
        self._commands = Commands(rules.commands, env)
        self._begun = 0.0

    def __enter__(self) -> Sources:
        if self._prober:
            self._prober.__enter__()
            self._prober.start()
        self._begun = time.monotonic()
        if self._scraper:
            self._scraper.start()
        self._commands.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commands.stop()
        if self._scraper:
            self._scraper.stop()
        if self._prober:
            self._prober.__exit__(kind, error, trace)

    def poll(self) -> Iterable[tuple[str, Sample]]:
        """What has come since the last call."""
        if self._prober:
            yield from self._prober.poll()
        if self._scraper:
            yield from self._scraper.poll()
        yield from self._commands.poll()

    def elapsed_s(self) -> float:
        """Seconds since the clock started."""
        return self._prober.elapsed_s() if self._prober else time.monotonic() - self._begun

    def settled_s(self) -> float:
        """Every probe and every interval of Prometheus that was due before this has been polled."""
        settled_s = self._prober.settled_s() if self._prober else self.elapsed_s()
        settled_s = min(settled_s, self._commands.settled_s(self.elapsed_s()))
        return min(settled_s, self._scraper.settled_s(self.elapsed_s())) if self._scraper else settled_s

    def finish(self) -> None:
        """Begin no more; what is under way ends by itself, and the last interval is asked for."""
        if self._prober:
            self._prober.finish()
        if self._scraper:
            self._scraper.finish()
        self._commands.finish()

    def is_finished(self) -> bool:
        """Whether nothing is under way any more."""
        all_of = (self._prober, self._scraper, self._commands)
        return all(each.is_finished() for each in all_of if each)

    def stop(self) -> None:
        """End at once; what is under way is let go."""
        self._commands.stop()
        if self._prober:
            self._prober.stop(wait=False)
        if self._scraper:
            self._scraper.stop()

    def problems(self) -> tuple[str, ...]:
        """Why a signal had no data, each reason once."""
        all_of = (self._prober, self._scraper, self._commands)
        return tuple(problem for each in all_of if each for problem in each.problems())


class Scraper:
    """Asks Prometheus once an interval, in a thread of its own, what each signal counted in that interval."""

    def __init__(self, queries: Sequence[Query | Gauge], server: Prometheus, interval_s: float) -> None:
        self._queries = queries
        self._server = server
        self._interval_s = interval_s
        self._found: list[tuple[str, Sample]] = []
        self._problems: dict[str, None] = {}
        self._asked = self._polled = 0  # intervals
        self._stopped = threading.Event()
        self._end_s: float | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin the first interval now."""
        self._thread.start()

    def finish(self) -> None:
        """Begin no more intervals; those that are over by now are still asked for."""
        if self._end_s is None:
            self._end_s = time.time()

    def is_finished(self) -> bool:
        """Whether it has ended, or takes longer than an answer may."""
        late = self._end_s is not None and time.time() > self._end_s + _LAG_S + self._interval_s
        return late or not self._thread.is_alive()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def poll(self) -> list[tuple[str, Sample]]:
        """The counts and values since the last call; their t is when their interval began."""
        # In this order: an interval whose counts come after the copy must not pass for polled, as `settled_s` would
        # then let the judge close a block that still lacks them.
        self._polled = self._asked
        found = self._found[:]
        del self._found[: len(found)]
        return found

    def settled_s(self, elapsed_s: float) -> float:
        """Every interval that was over before this has been polled, or is so late that nobody waits for it."""
        next_end_s = (self._polled + 1) * self._interval_s
        return min(elapsed_s, max(next_end_s - _INSTANT_S, elapsed_s - _LATE_INTERVALS * self._interval_s))

    def problems(self) -> tuple[str, ...]:
        """Why there was no data, each reason once."""
        return tuple(self._problems)

    def _run(self) -> None:
        begun = time.time()
        for at in count(1):
            due = begun + at * self._interval_s
            if not self._wait(due):
                return
            for query in self._queries:
                self._ask(query, due, (at - 1) * self._interval_s)
            self._asked = at

    def _wait(self, due: float) -> bool:
        """Wait until the interval that ends then can be asked for; False where nobody wants it any more."""
        while (left_s := due + _LAG_S - time.time()) > 0:
            over = self._end_s is not None and due > self._end_s
            if over or self._stopped.wait(min(left_s, _LISTEN_EVERY_S)):
                return False
        return not self._stopped.is_set()

    def _ask(self, query: Query | Gauge, due: float, t: float) -> None:
        deadline = Deadline(self._interval_s)
        found: Sample | NoData
        if isinstance(query, Query):
            found = promql.count(query, self._server, at_s=due, window_s=self._interval_s, deadline=deadline)
        else:
            found = promql.value(query, self._server, at_s=due, window_s=self._interval_s, deadline=deadline)
        if isinstance(found, NoData):
            self._problems[f"signal {query.signal!r}: {found.reason}"] = None
        else:
            self._found.append((query.signal, replace(found, t=t)))
