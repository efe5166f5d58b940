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

from ci_reporter.health.reasons import masked_reason, public_reason, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.health.reply import Status

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

    def __post_init__(self) -> None:
        if self.status not in {"pass", "warn", "fail"}:
            raise ValueError(f"status {self.status!r} is none of pass, warn, fail")


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
class CheckResult:
    """An outcome, when it was found (seconds since the epoch) and how long that took."""

    check: Check
    outcome: Outcome
    at_s: float
    duration_ms: float


@dataclass(frozen=True, kw_only=True)
class Flight:
    """A call of a check that was begun; `until` is on the monotonic clock."""

    answer: Future[CheckResult]
    until: float

    def left_s(self) -> float:
        """For how long it is worth waiting for."""
        return 0.0 if self.answer.done() else max(0.0, self.until - time.monotonic())


class CheckRunner:
    """A check and its last call, which many may wait for."""

    def __init__(self, check: Check, *, reasons: bool = False, fresh_s: float = FRESH_S) -> None:
        self.check = check
        self._reason_of = masked_reason if reasons else public_reason
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._flight: Flight | None = None
        self._ended = 0.0
        self._logged: Status = "pass"

    def begin(self, finish: Finish) -> Flight:
        """Call it, unless that is under way or its last answer still holds."""
        with self._lock:
            now = time.monotonic()
            last = self._flight
            if last and not (last.answer.done() and now - self._ended >= self._fresh_s):
                return last
            answer: Future[CheckResult] = Future()
            answer.set_running_or_notify_cancel()  # who waits for it cannot cancel it for the others
            threading.Thread(target=self._run, args=(answer, finish), name=self.check.name, daemon=True).start()
            self._flight = Flight(answer=answer, until=now + self.check.timeout_s)
            return self._flight

    def result(self, flight: Flight) -> CheckResult:
        """Its answer; a failure where there is none by now."""
        if flight.answer.done():
            return flight.answer.result()
        took_s = self.check.timeout_s + max(0.0, time.monotonic() - flight.until)
        return self._result(Outcome(status="fail"), "", took_s)

    def _run(self, answer: Future[CheckResult], finish: Finish) -> None:
        began = time.monotonic()
        try:
            found = self.check.call()
            if inspect.isawaitable(found):
                found = finish(found, self.check.timeout_s)
            outcome = _outcome(found)
            reason = outcome.output
        except BaseException as exc:  # noqa: BLE001  whatever a service's check raises is its answer
            outcome, reason = Outcome(status="fail", output=self._reason_of(exc)), masked_reason(exc)
        result = self._result(outcome, reason, time.monotonic() - began)
        self._ended = time.monotonic()
        answer.set_result(result)

    def _result(self, outcome: Outcome, reason: str, took_s: float) -> CheckResult:
        """A late answer is a failure, whatever it says. Each change is logged once."""
        if took_s >= self.check.timeout_s:
            reason = f"no answer within {self.check.timeout_s:g} s"
            outcome = Outcome(status="fail", output=reason)
        with self._lock:
            before, self._logged = self._logged, outcome.status
        if outcome.status != before:
            level = logging.INFO if outcome.status == "pass" else logging.WARNING
            why = f": {reason}" if reason else ""
            _log.log(level, "check %s: %s → %s%s", self.check.name, before, outcome.status, why)
        return CheckResult(check=self.check, outcome=outcome, at_s=time.time(), duration_ms=round(took_s * 1000, 1))


def _outcome(answer: Any) -> Outcome:
    if isinstance(answer, Outcome):
        return replace(answer, output=shorten(answer.output))
    return Outcome(status="fail" if answer is False else "pass")


def results(runners: Sequence[CheckRunner]) -> list[CheckResult]:
    """Every check's answer, asked at the same time; what a check awaits runs in a loop of its own."""
    flights = [each.begin(lambda found, timeout_s: asyncio.run(_wait_for(found, timeout_s))) for each in runners]
    for flight in flights:
        if left_s := flight.left_s():
            wait([flight.answer], timeout=left_s)
    return [each.result(flight) for each, flight in zip(runners, flights, strict=True)]


async def results_async(runners: Sequence[CheckRunner]) -> list[CheckResult]:
    """Every check's answer, asked at the same time; what a check awaits runs in the caller's loop."""
    loop = asyncio.get_running_loop()

    def finish(found: Awaitable[Any], timeout_s: float) -> Any:
        waited_for = asyncio.run_coroutine_threadsafe(_wait_for(found, timeout_s), loop)
        return waited_for.result(timeout_s + _LOOP_GONE_S)

    flights = [each.begin(finish) for each in runners]
    for flight in flights:
        if left_s := flight.left_s():
            await asyncio.wait([asyncio.wrap_future(flight.answer)], timeout=left_s)
    return [each.result(flight) for each, flight in zip(runners, flights, strict=True)]


async def _wait_for(answer: Awaitable[Any], timeout_s: float) -> Any:
    async with asyncio.timeout(timeout_s):
        return await answer
