"""The open loop: probes begin on a clock, whatever became of those before. A process of its own, for `prober`.

Reads the plan as one line of JSON on stdin, writes probes as NDJSON on stdout, ends when it is told to, or when stdin
is closed because whoever started it is gone.
"""

from __future__ import annotations

import heapq
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from ci_reporter.gate.probing.patterns import Patterns
from ci_reporter.gate.probing.probe import Line, probe, timed_out
from ci_reporter.gate.probing.target import Expect, Target
from ci_reporter.gate.recording import Probe, Value, line
from ci_reporter.http.timed import Call

MOST_IN_FLIGHT = 1000
_SETTLED_EVERY_S = 0.1
_HEAD_START_S = 0.05
_STACK_BYTES = 512 * 1024

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Flight:
    """A probe under way: whose it is, when it was due in seconds from the start, and its call."""

    index: int
    t: float
    call: Call


class Loop:
    """Sends probes on a clock, whatever became of those before, and says what came of each.

    Each probe blocks in a thread of its own; this one only begins them and ends those whose time is up. `say` is called
    from all of them, one at a time. Times are seconds from `begun` on.
    """

    def __init__(self, lines: Sequence[Line], say: Say, most: int = MOST_IN_FLIGHT) -> None:
        self._lines = lines
        self._write = say
        self._most = most
        self._lock = threading.Lock()
        self._flights: set[Flight] = set()
        self._pool = ThreadPoolExecutor(most)
        self._next = 0.0
        self._told_at = 0.0
        self._over = threading.Event()
        self._several = _several([each.target for each in lines])

    def stop(self) -> None:
        """Begin no more probes."""
        self._over.set()

    def run(self, begun: float) -> None:
        """Probe until told to stop, then wait for those under way."""
        due = [(self._due(index, 0), index, 0) for index in range(len(self._lines))]
        heapq.heapify(due)
        while not self._wait(begun + due[0][0]):
            t, index, count = due[0]
            heapq.heapreplace(due, (self._due(index, count + 1), index, count + 1))
            self._next = due[0][0]
            self._begin(index, t, begun + t, count)
        while self._flights:
            self._tick(time.monotonic() + _SETTLED_EVERY_S)
            time.sleep(0.01)
        self._say_settled()

    def _due(self, index: int, count: int) -> float:
        """When a target's probe of that number is due: reckoned from the start, so that nothing adds up to a drift."""
        # Targets begin apart: of two at 5/s the second one probes at 0.1, 0.3, 0.5 s, between the first one's.
        return (index / len(self._lines) + count) / self._lines[index].target.rate

    def _wait(self, until: float) -> bool:
        """Wait for that moment; whether we were told to stop in the meantime."""
        while (left_s := until - time.monotonic()) > 0:
            if self._over.wait(min(left_s, self._tick(until))):
                return True
        self._tick(until)
        return self._over.is_set()

    def _tick(self, until: float) -> float:
        """End the probes whose time is up, say how far all have come; seconds until the next time that is due."""
        now = time.monotonic()
        with self._lock:
            late = [each for each in self._flights if each.call.until <= now]
            soonest = min((each.call.until for each in self._flights if each.call.until > now), default=until)
        for flight in late:
            flight.call.cut()
            self._land(flight, timed_out(self._lines[flight.index].target, round(flight.t, 4), flight.call))
        if now - self._told_at >= _SETTLED_EVERY_S:
            self._told_at = now
            self._say_settled()
        return max(0.001, min(soonest - now, _SETTLED_EVERY_S))

    def _begin(self, index: int, t: float, due: float, turn: int) -> None:
        target = self._lines[index].target
        if len(self._flights) >= self._most:
            reason = f"not sent: {self._most} probes still wait for their answers"
            with self._lock:
                self._say_probe(index, Probe(t=round(t, 4), ok=False, reason=reason))
            return
        flight = Flight(index=index, t=t, call=Call(due + target.timeout_s))
        with self._lock:
            self._flights.add(flight)
        self._pool.submit(self._fly, flight, due, turn)

    def _fly(self, flight: Flight, due: float, turn: int) -> None:
        self._land(flight, probe(self._lines[flight.index], round(flight.t, 4), flight.call, due, turn))

    def _land(self, flight: Flight, found: Probe) -> None:
        """Say what came of it, once: an answer that comes after its time was up is not said."""
        # Its answer and the end of its time may come in the same instant, in two threads. Whoever finds the flight in
        # the set, under the lock, says what came of it; the other one finds it gone.
        with self._lock:
            if flight not in self._flights:
                return
            self._say_probe(flight.index, found)
            self._flights.remove(flight)

    def _say_probe(self, index: int, found: Probe) -> None:
        target = self._lines[index].target
        if target.value and found.value is None:
            self._write(json.dumps({"problem": f"signal {target.signal!r}: {found.reason}"}))
        elif target.value and found.value is not None:
            self._write(line(target.signal, Value(t=found.t, value=found.value)))
        else:
            several = target.signal in self._several
            self._write(line(target.signal, replace(found, url=target.url.partition("?")[0]) if several else found))

    def _say_settled(self) -> None:
        """Say before which time everything has come."""
        with self._lock:
            self._write(json.dumps({"settled": min([self._next, *(each.t for each in self._flights)])}))


def _several(targets: Sequence[Target]) -> frozenset[str]:
    """The signals that have more than one address."""
    addresses: dict[str, set[str]] = {}
    for each in targets:
        addresses.setdefault(each.signal, set()).add(each.url)
    return frozenset(signal for signal, urls in addresses.items() if len(urls) > 1)


def plan_of(targets: Sequence[Target], proxies: Mapping[str, str]) -> str:
    """The plan as the line that `main` reads."""
    flat = [{**asdict(each), "body": each.body and each.body.decode("latin-1")} for each in targets]
    return json.dumps({"targets": flat, "proxies": dict(proxies)})


def _targets(plan: Mapping[str, Any]) -> list[Target]:
    return [
        Target(
            **{
                **each,
                "body": each["body"] and each["body"].encode("latin-1"),
                "expect": Expect(**{**each["expect"], "statuses": tuple(each["expect"]["statuses"])}),
            }
        )
        for each in plan["targets"]
    ]


def _file_limit() -> int:
    """How many connections there may be at once: as many as the system lets one process have."""
    try:
        import resource
    except ImportError:
        return MOST_IN_FLIGHT // 2
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MOST_IN_FLIGHT if hard == resource.RLIM_INFINITY else min(hard, 4 * MOST_IN_FLIGHT)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(16, min(MOST_IN_FLIGHT, wanted // 2 - 32))


def _probe_all(plan: Mapping[str, Any]) -> None:
    patterns = Patterns()
    lines = [Line(target=each, proxies=plan["proxies"], find=patterns.search) for each in _targets(plan)]
    for each in lines:
        each.prepare()
    threading.stack_size(_STACK_BYTES)  # there may be a thousand threads
    loop = Loop(lines, _say, _file_limit())
    threading.Thread(target=_listen, args=(loop.stop,), daemon=True).start()
    begun = time.monotonic() + _HEAD_START_S
    _say(json.dumps({"begun": begun}))
    loop.run(begun)
    os._exit(0)  # whatever name is still looked up: the pool would wait for it


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _listen(stop: Callable[[], object]) -> None:
    """Wait for a word, or for the end of stdin: then whoever started us is gone, and so are we."""
    if sys.stdin.readline():
        stop()
        sys.stdin.readline()
    os._exit(0)


def main() -> None:
    """Probe as the plan on stdin says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for whoever started us, and he tells us
    try:
        _probe_all(json.loads(sys.stdin.readline()))
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
