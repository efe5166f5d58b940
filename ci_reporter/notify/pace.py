"""How soon a channel may be used again, and how often until a deadline: a sliding window of its own rate limit."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.notify.notifier import Rate

FEW = 3  # so many may wait for their turn: two rules that speak of one step are better read whole than in a digest


def wait_s(sent_at: Sequence[float], rate: Rate, now_s: float) -> float:
    """Seconds until one more message is within the rate; `sent_at` are the times of earlier ones, oldest first."""
    recent = _recent(sent_at, rate, now_s)
    return max(0.0, recent[-rate.count] + rate.per_s - now_s) if len(recent) >= rate.count else 0.0


def room(sent_at: Sequence[float], rate: Rate, now_s: float, until_s: float) -> int:
    """How many messages are within the rate from now until then, if each goes out as soon as it may.

    A channel that takes few at a time gets no more than `FEW` all the same: what is more becomes a digest.
    """
    times, count, at_s = _recent(sent_at, rate, now_s), 0, now_s
    while count < max(rate.count, FEW):
        at_s += wait_s(times, rate, at_s)
        if at_s > until_s:
            break
        times, count = [*times, at_s], count + 1
    return count


def _recent(sent_at: Sequence[float], rate: Rate, now_s: float) -> list[float]:
    """The times that still count: not those of a clock that was set back, which may lie hours ahead."""
    return [each for each in sent_at if now_s - rate.per_s < each <= now_s + rate.per_s]
