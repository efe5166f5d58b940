"""The open loop: probes begin on a clock, whatever became of those before. A process of its own, for `prober`.

Reads the plan as one line of JSON on stdin, writes probes as NDJSON on stdout, ends when it is told to, or when stdin
is closed because whoever started it is gone.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from ci_reporter.gate.probing.probe import Line, probe
from ci_reporter.gate.probing.target import Expect, Target
from ci_reporter.gate.recording import Probe, line

MOST_IN_FLIGHT = 1000
_SETTLED_EVERY_S = 0.1
_HEAD_START_S = 0.02
_RESOLVERS = 64  # threads: a slow name server must not hold the probes back before the service can

Say = Callable[[str], None]


class Loop:
    """Probes under way, and what has been told of them. All times are of the loop's clock, from `begun` on."""

    def __init__(self, lines: Sequence[Line], say: Say, most: int = MOST_IN_FLIGHT) -> None:
        self._lines = lines
        self._say = say
        self._most = most
        self._flying: dict[asyncio.Task[None], float] = {}
        self._next = 0.0
        self._over = asyncio.Event()
        self._several = _several([each.target for each in lines])

    def stop(self) -> None:
        """Begin no more probes."""
        self._over.set()

    async def run(self, begun: float) -> None:
        """Probe until told to stop, then wait for those under way."""
        telling = asyncio.create_task(self._tell())
        due = [(self._due(index, 0), index, 0) for index in range(len(self._lines))]
        heapq.heapify(due)
        while not await self._waited(begun + due[0][0]):
            t, index, count = due[0]
            heapq.heapreplace(due, (self._due(index, count + 1), index, count + 1))
            self._next = due[0][0]
            self._begin(index, t, begun + t)
        telling.cancel()
        if self._flying:
            await asyncio.wait(self._flying)
        self._say(json.dumps({"settled": self._next}))

    def _due(self, index: int, count: int) -> float:
        """When a target's probe of that number is due: reckoned from the start, so that nothing adds up to a drift."""
        return (index / len(self._lines) + count) / self._lines[index].target.rate

    async def _waited(self, until: float) -> bool:
        """Wait for that moment; whether we were told to stop in the meantime."""
        left_s = until - asyncio.get_running_loop().time()
        if left_s <= 0:
            await asyncio.sleep(0)  # a loop that lags behind still hears its answers
            return self._over.is_set()
        try:
            async with asyncio.timeout(left_s):
                return await self._over.wait()
        except TimeoutError:
            return False

    def _begin(self, index: int, t: float, due: float) -> None:
        if len(self._flying) >= self._most:
            reason = f"not sent: {self._most} probes still wait for their answers"
            self._tell_of(index, Probe(t=round(t, 4), ok=False, reason=reason))
            return
        task = asyncio.create_task(self._fly(index, t, due))
        self._flying[task] = t
        task.add_done_callback(self._flying.pop)

    async def _fly(self, index: int, t: float, due: float) -> None:
        self._tell_of(index, await probe(self._lines[index], round(t, 4), due))

    def _tell_of(self, index: int, found: Probe) -> None:
        target = self._lines[index].target
        if target.signal in self._several:
            found = replace(found, url=target.url.partition("?")[0])
        self._say(line(target.signal, found))

    async def _tell(self) -> None:
        """Say again and again before which time everything has come."""
        while True:
            await asyncio.sleep(_SETTLED_EVERY_S)
            self._say(json.dumps({"settled": min([self._next, *self._flying.values()])}))


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


def _files_allowed() -> int:
    """How many connections there may be at once: as many as the system lets one process have."""
    try:
        import resource
    except ImportError:
        return MOST_IN_FLIGHT // 2
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MOST_IN_FLIGHT if hard == resource.RLIM_INFINITY else min(hard, 4 * MOST_IN_FLIGHT)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(16, min(MOST_IN_FLIGHT, wanted // 2 - 32))


async def _main(plan: Mapping[str, Any]) -> None:
    lines = [Line(target=each, proxies=plan["proxies"]) for each in _targets(plan)]
    for each in lines:
        each.prepare()
    running = asyncio.get_running_loop()
    running.set_default_executor(ThreadPoolExecutor(_RESOLVERS))
    loop = Loop(lines, _say, _files_allowed())
    stop = partial(running.call_soon_threadsafe, loop.stop)
    threading.Thread(target=_listen, args=(stop,), daemon=True).start()
    begun = running.time() + _HEAD_START_S
    _say(json.dumps({"begun": begun + time.monotonic() - running.time()}))
    await loop.run(begun)
    os._exit(0)  # whatever name is still looked up: asyncio would wait for it


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
        asyncio.run(_main(json.loads(sys.stdin.readline())))
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
