"""Run a command and tell how it went: `run(command, …) -> Step`. Its streams, signals and exit code stay its own."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from ci_reporter.frozen import EMPTY, Frozen, replace
from ci_reporter.model import Result, Step, rfc3339
from ci_reporter.runner.attempt import PARENT_GONE, Attempt, Exit, Limits
from ci_reporter.runner.guard import Guard
from ci_reporter.runner.launch import Launch
from ci_reporter.runner.signals import Signals, has_terminal, name_of
from ci_reporter.runner.spawn import default_signals, refusal
from ci_reporter.system import oom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from resource import struct_rusage
    from typing import Any

    from ci_reporter.runner.tail import Rewriter, Tail

ORPHANED = "the process that started ci-reporter has ended"


class Order(Frozen):
    """What to run and how.

    `env` is the environment without us, `added` is what we add to it, and `mark` names a variable of `added` whose
    value no other command has. `on_start` is called once, when the first attempt has started; it must not wait. `masks`
    is filled with what the command tells GitHub to mask, as far as its output is read here. `rewriter` makes what
    changes a stream of the command's output; with it, or with `tail_bytes`, the output goes through pipes. `lost` is
    filled with the streams that could not take all of it, and why.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    mark: str
    masks: set[str]
    lost: dict[str, str]
    added: Mapping[str, str] = EMPTY
    timeout_s: float | None = None
    grace_s: float = 10.0
    retries: int = 0
    tail_bytes: int = 0
    rewriter: Callable[[], Rewriter] | None = None
    outlive_parent: bool = False
    on_start: Callable[[], None] = lambda: None


class Outcome(Frozen):
    """How one attempt went; `usage` is None when the command could not be started."""

    exit_code: int
    result: Result
    reason: str | None = None
    signal: str | None = None
    usage: struct_rusage | None = None
    output_tail: str | None = None


def run(order: Order, signals: Signals, clock: Callable[[], float] = time.time) -> Step:
    """Run the command, again where it failed and may; the last attempt counts, CPU time adds up.

    The duration is of the monotonic clock. The wall clock may be set back while the command runs: then it has finished
    its duration after its start.
    """
    started_at, started = clock(), time.monotonic()
    outcomes = _run_attempts(order, signals)
    duration_ms = round((time.monotonic() - started) * 1000)
    last, usages = outcomes[-1], [outcome.usage for outcome in outcomes if outcome.usage]
    measured: dict[str, Any] = _resources(usages) if usages else {}
    return Step(
        name=order.name,
        result=last.result,
        reason=last.reason or _flaky_reason(outcomes),
        exit_code=last.exit_code,
        signal=last.signal,
        started_at=rfc3339(started_at),
        finished_at=rfc3339(max(clock(), started_at + duration_ms / 1000)),
        duration_ms=duration_ms,
        attempts=len(outcomes),
        output_tail=last.output_tail,
        **measured,
    )


def _run_attempts(order: Order, signals: Signals) -> list[Outcome]:
    if cancelled := _cancellation(order, signals):
        return [cancelled]
    guard = None if os.name == "nt" else Guard(_mark(order))
    outcomes = [_run_once(order, signals, guard, order.on_start)]
    while len(outcomes) <= order.retries and outcomes[-1].result in (Result.FAILURE, Result.TIMEOUT):
        if cancelled := _cancellation(order, signals):
            outcomes[-1] = replace(outcomes[-1], result=cancelled.result, reason=cancelled.reason)
            break
        outcomes.append(_run_once(order, signals, guard))
    if guard:
        guard.dismiss()
    return outcomes


def _cancellation(order: Order, signals: Signals) -> Outcome | None:
    """What becomes of an attempt that must not start: we were told to stop before, or nobody waits for it any more."""
    if number := signals.take_stop():
        reason = f"told to stop by SIG{name_of(number)} before the command started"
        return Outcome(exit_code=128 + number, result=Result.CANCELLATION, reason=reason)
    if signals.parent.is_gone() and not order.outlive_parent:
        return Outcome(exit_code=128 + signal.SIGTERM, result=Result.CANCELLATION, reason=ORPHANED)
    return None


def _mark(order: Order) -> str:
    return f"{order.mark}={order.added.get(order.mark, '')}"


def _run_once(
    order: Order, signals: Signals, guard: Guard | None, on_start: Callable[[], None] = lambda: None
) -> Outcome:
    try:
        return _run_on_posix(order, signals, guard, on_start) if guard else _run_on_windows(order, on_start)
    except (OSError, ValueError) as exc:  # Python's own refusals: an empty word, a NUL byte, what cannot be encoded
        code, why = refusal(order.command[0], exc, order.env)
        return Outcome(exit_code=code, result=Result.ERROR, reason=why)


def _run_on_windows(order: Order, on_start: Callable[[], None]) -> Outcome:
    from ci_reporter.runner import windows

    end = windows.run(order.command, {**order.env, **order.added}, order.timeout_s, on_start)
    if end.timed_out:
        return Outcome(exit_code=124, result=Result.TIMEOUT, reason=f"still running after {order.timeout_s:g} s")
    return Outcome(exit_code=end.exit_code, result=Result.FAILURE if end.exit_code else Result.SUCCESS)


def _run_on_posix(order: Order, signals: Signals, guard: Guard, on_start: Callable[[], None]) -> Outcome:
    kills = oom.kills()
    tail = _tail(order)
    try:
        attempt = Attempt(order.command, _launch(order, signals, tail), signals, guard)
    finally:
        if tail:
            tail.release()
    on_start()
    end = attempt.wait(_limits(order))
    output_tail = tail.finish(signals.has_stop) if tail else None
    result, reason = classify(end, timeout_s=order.timeout_s, oom_killed=_has_grown(kills, oom.kills()))
    return Outcome(
        exit_code=end.exit_code,
        result=result,
        reason=reason or (_bare_reason(order) if attempt.root.is_bare else None),
        signal=name_of(end.signal) if end.signal else None,
        usage=end.usage,
        output_tail=output_tail if order.tail_bytes else None,
    )


def _launch(order: Order, signals: Signals, tail: Tail | None) -> Launch:
    return Launch(
        env=order.env,
        added=order.added,
        mask=signals.mask,
        defaults=default_signals(signals.parent),
        ignored=signals.ignored,
        own_group=not has_terminal(),
        streams=tail.streams if tail else None,
    )


def _limits(order: Order) -> Limits:
    return Limits(
        mark=_mark(order),
        timeout_s=order.timeout_s,
        grace_s=order.grace_s,
        outlive_parent=order.outlive_parent,
    )


def classify(end: Exit, *, timeout_s: float | None, oom_killed: bool) -> tuple[Result, str | None]:  # noqa: PLR0911
    """The result of an attempt and the reason where the exit code does not say it. DESIGN §3 has the definitions."""
    if end.timed_out:
        return Result.TIMEOUT, f"still running after {timeout_s:g} s"
    if end.cancelled_by == PARENT_GONE:
        return Result.CANCELLATION, ORPHANED
    if end.exit_code == 0:
        return Result.SUCCESS, None
    if end.exit_code == 137 and oom_killed:
        return Result.ERROR, "oom"
    if end.cancelled_by:
        return Result.CANCELLATION, f"told to stop by SIG{end.cancelled_by}"
    if end.exit_code in (126, 127) and not end.signal:
        return Result.ERROR, "cannot execute" if end.exit_code == 126 else "command not found"
    return Result.FAILURE, None


def _bare_reason(order: Order) -> str:
    return f"started without {', '.join(order.added)}: no room for them in the environment"


def _tail(order: Order) -> Tail | None:
    if not order.tail_bytes and not order.rewriter:
        return None
    from ci_reporter.runner.tail import Tail

    try:
        return Tail(order.tail_bytes, order.masks, order.rewriter, order.lost)
    except RuntimeError:  # the limit of threads is reached: the command runs all the same, without a tail
        return None


def _has_grown(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after > before


def _flaky_reason(outcomes: Sequence[Outcome]) -> str | None:
    """The reason of a success that took more than one attempt."""
    if len(outcomes) == 1 or outcomes[-1].result is not Result.SUCCESS:
        return None
    return f"flaky: passed at attempt {len(outcomes)}"


def _resources(usages: Sequence[struct_rusage]) -> dict[str, int]:
    """CPU time and blocks of all attempts, the largest peak. Source: getrusage(2); macOS gives ru_maxrss in bytes."""
    rss_unit = 1 if sys.platform == "darwin" else 1024
    return {
        "cpu_user_ms": round(sum(usage.ru_utime for usage in usages) * 1000),
        "cpu_system_ms": round(sum(usage.ru_stime for usage in usages) * 1000),
        "max_rss_bytes": max(usage.ru_maxrss for usage in usages) * rss_unit,
        "io_read_blocks": sum(usage.ru_inblock for usage in usages),
        "io_write_blocks": sum(usage.ru_oublock for usage in usages),
    }
