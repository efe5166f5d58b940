"""Checks of a service: each runs at most once at a time, its answer holds for a second, and nobody waits too long.

A check runs in a thread of its own, and what it awaits in the service's event loop, so that it may use the service's
connections. One that hangs is not started again before it has ended: it fails until then.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace

from ci_reporter.health.reasons import public_reason, redacted_reason, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.healthdoc import Status

    Finish = Callable[[Awaitable[Any], float], Any]

FRESH_S = 1.0
_LOOP_GONE_S = 5.0  # a loop that was closed never answers
_log = logging.getLogger("ci_reporter.health")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a check may say of itself beyond yes and no; `output` is read by strangers."""

    status: Status
    output: str = ""
    observed_value: float | str | None = None
    observed_unit: str | None = None


@dataclass(frozen=True)
class Check:
    """A named question to something the service needs.

    `call` is a function, async or not: None and True are well, False and any exception are a failure, an Outcome says
    more. One that is not `critical` only warns. `ready`: whether `/readyz` asks it too.
    """

    name: str
    call: Callable[[], Any]
    timeout_s: float = 2.0
    critical: bool = True
    ready: bool = True


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An outcome, when it was found (seconds since the epoch) and how long that took."""

    check: Check
    outcome: Outcome
    at_s: float
    duration_ms: float


class Watched:
    """A check and what is known of it: the last answer, and the call that is under way."""

    def __init__(self, check: Check, *, reasons: bool = False, fresh_s: float = FRESH_S) -> None:
        self.check = check
        self._said = redacted_reason if reasons else public_reason
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._call: Future[None] | None = None
        self._began = 0.0
        self._last: Seen | None = None
        self._ended = 0.0
        self._told: Status = "pass"

    def begin(self, finish: Finish) -> None:
        """Call it, unless that is under way or its last answer still holds."""
        with self._lock:
            now = time.monotonic()
            if self._call or (self._last and now - self._ended < self._fresh_s):
                return
            call = self._call = Future()
            self._began = now
            call.set_running_or_notify_cancel()  # who waits for it cannot cancel it for the others
        threading.Thread(target=self._run, args=(call, finish), name=self.check.name, daemon=True).start()

    def pending(self) -> tuple[Future[None], float] | None:
        """The call that is under way, where it is worth waiting for, and for how many seconds."""
        with self._lock:
            left_s = self.check.timeout_s - (time.monotonic() - self._began)
            return (self._call, left_s) if self._call and left_s > 0 else None

    def seen(self) -> Seen:
        """The last answer; a failure where a call is late."""
        with self._lock:
            if self._last and not self._call:
                return self._last
            took_s = time.monotonic() - self._began
        return self._judged(Outcome(status="pass"), "", max(took_s, self.check.timeout_s))

    def _run(self, call: Future[None], finish: Finish) -> None:
        try:
            answer = self.check.call()
            if inspect.isawaitable(answer):
                answer = finish(answer, self.check.timeout_s)
            outcome = _outcome(answer)
            reason = outcome.output
        except BaseException as exc:  # noqa: BLE001  whatever a service's check raises is its answer
            outcome, reason = Outcome(status="fail", output=self._said(exc)), redacted_reason(exc)
        seen = self._judged(outcome, reason, time.monotonic() - self._began)
        with self._lock:
            self._last, self._ended, self._call = seen, time.monotonic(), None
        call.set_result(None)

    def _judged(self, outcome: Outcome, reason: str, took_s: float) -> Seen:
        """Late is failed, whatever it says; the log is told of a change once."""
        if took_s >= self.check.timeout_s:
            reason = f"no answer within {self.check.timeout_s:g} s"
            outcome = Outcome(status="fail", output=reason)
        before, self._told = self._told, outcome.status
        if outcome.status != before:
            level = logging.INFO if outcome.status == "pass" else logging.WARNING
            _log.log(level, "check %s: %s → %s %s", self.check.name, before, outcome.status, reason)
        return Seen(check=self.check, outcome=outcome, at_s=time.time(), duration_ms=round(took_s * 1000, 1))


def _outcome(answer: Any) -> Outcome:
    if isinstance(answer, Outcome):
        return replace(answer, output=shown(answer.output))
    return Outcome(status="fail" if answer is False else "pass")


def results(watched: Sequence[Watched]) -> list[Seen]:
    """Every check's answer, asked at the same time; what a check awaits runs in a loop of its own."""
    for each in watched:
        each.begin(lambda answer, timeout_s: asyncio.run(_awaited(answer, timeout_s)))
    for each in watched:
        if pending := each.pending():
            wait([pending[0]], timeout=pending[1])
    return [each.seen() for each in watched]


async def results_async(watched: Sequence[Watched]) -> list[Seen]:
    """Every check's answer, asked at the same time; what a check awaits runs in the caller's loop."""
    loop = asyncio.get_running_loop()

    def finish(answer: Awaitable[Any], timeout_s: float) -> Any:
        waited_for = asyncio.run_coroutine_threadsafe(_awaited(answer, timeout_s), loop)
        return waited_for.result(timeout_s + _LOOP_GONE_S)

    for each in watched:
        each.begin(finish)
    for each in watched:
        if pending := each.pending():
            await asyncio.wait([asyncio.wrap_future(pending[0])], timeout=pending[1])
    return [each.seen() for each in watched]


async def _awaited(answer: Awaitable[Any], timeout_s: float) -> Any:
    async with asyncio.timeout(timeout_s):
        return await answer
