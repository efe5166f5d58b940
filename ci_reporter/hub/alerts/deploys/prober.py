"""Asks each service every few seconds, always: what it answered before a deploy is known when a deploy comes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ci_reporter.gate.probing.probe import Line, probe
from ci_reporter.gate.probing.target import Expect, Target
from ci_reporter.gate.recording import Probe
from ci_reporter.gate.rules.conditions import DEFAULT_SIGNAL
from ci_reporter.http.timed import Call
from ci_reporter.hub.alerts.deploys.watchfile import Watch

_TIMEOUT_S = 5.0
_SPARE = 20


class Prober:
    """A thread a service. `t` of what it keeps is seconds since the epoch."""

    def __init__(
        self, watch: Watch, proxies: Mapping[str, str], clock: Callable[[], float] = time.time, spare: int = _SPARE
    ) -> None:
        self.watch = watch
        self._clock = clock
        self._kept: deque[Probe] = deque(maxlen=round((watch.before_s + 2 * watch.watch_s) / watch.every_s) + spare)
        timeout_s = min(_TIMEOUT_S, watch.every_s)
        target = Target(signal=DEFAULT_SIGNAL, url=watch.url or "", expect=Expect(healthy=True), timeout_s=timeout_s)
        self._line = Line(target=target, proxies=proxies)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"probing {watch.name}", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_TIMEOUT_S + 1)

    def ask(self) -> Probe:
        """Ask once, and keep the answer."""
        due = time.monotonic()
        found = probe(self._line, round(self._clock(), 3), Call(due + self._line.target.timeout_s), due)
        self._kept.append(found)
        return found

    def between(self, begin_s: float, end_s: float) -> list[Probe]:
        """What was asked from then until then."""
        return [each for each in list(self._kept) if begin_s <= each.t < end_s]

    def _run(self) -> None:
        self._line.prepare()
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            self.ask()
            due = max(due + self.watch.every_s, time.monotonic())  # what was missed is not made up for


def since(probes: Sequence[Probe], begin_s: float) -> tuple[Probe, ...]:
    """Probes with times that count from then on, as recordings have them; a clock that was set back is no time."""
    found: list[Probe] = []
    for each in probes:
        t = round(each.t - begin_s, 3)
        if t >= (found[-1].t if found else 0.0):
            found.append(replace(each, t=t))
    return tuple(found)
