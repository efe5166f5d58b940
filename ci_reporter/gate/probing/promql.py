"""Signals that Prometheus counts: how many requests there were in an interval, and how many of them were bad.

Whatever is not plainly a count is no data, with a reason; no data is never a pass.
Source: Prometheus, "HTTP API", instant and range queries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, nan

from ci_reporter.errors import DeliveryError
from ci_reporter.gate.recording import Count, Value
from ci_reporter.gate.rules.ruleset import Gauge, Query
from ci_reporter.http.prometheus import Prometheus, QueryResult
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_INTERVALS = ("$__interval", "$interval", "${interval}")


@dataclass(frozen=True, kw_only=True)
class NoData:
    """There is not a count, and why."""

    reason: str


class _Nothing(Exception):
    """Why there is no data."""


def count(query: Query, server: Prometheus, *, at_s: float, window_s: float, deadline: Deadline) -> Count | NoData:
    """What was counted in the window that ends at `at_s`, in seconds since the epoch; its t is 0."""

    def ask(text: str) -> QueryResult:
        return _ask(lambda: server.query(_substitute(text, window_s), deadline, at_s=at_s))

    try:
        bad, total = (_read(name, _value, ask(text)) for name, text in (("bad", query.bad), ("total", query.total)))
        return _count(bad, total, 0.0)
    except _Nothing as exc:
        return NoData(reason=str(exc))


def value(gauge: Gauge, server: Prometheus, *, at_s: float, window_s: float, deadline: Deadline) -> Value | NoData:
    """The number at `at_s`, in seconds since the epoch; its t is 0."""
    try:
        found = _value(_ask(lambda: server.query(_substitute(gauge.query, window_s), deadline, at_s=at_s)))
    except _Nothing as exc:
        return NoData(reason=f"value: {exc}")
    return (
        NoData(reason="value: is empty: no such series, or it is stale") if found is None else Value(t=0.0, value=found)
    )


def history(
    query: Query, server: Prometheus, *, start_s: float, end_s: float, step_s: float, deadline: Deadline
) -> list[Count] | NoData:
    """The counts of each step from `start_s` to `end_s`, in the past; t counts from `start_s`."""
    span = {"start_s": start_s + step_s, "end_s": end_s, "step_s": step_s}

    def ask(text: str) -> QueryResult:
        return _ask(lambda: server.query_range(_substitute(text, step_s), deadline, **span))

    try:
        bad, total = (_read(name, _values, ask(text)) for name, text in (("bad", query.bad), ("total", query.total)))
    except _Nothing as exc:
        return NoData(reason=str(exc))
    found = []
    for at_s, number in sorted(total.items()):
        try:
            found.append(_count(bad.get(at_s), number, max(0.0, round(at_s - step_s - start_s, 3))))
        except _Nothing:
            continue
    return found or NoData(reason="no request was counted in that time")


def _substitute(text: str, window_s: float) -> str:
    """The query with its interval in Prometheus' words, which know no fractions."""
    for name in _INTERVALS:
        text = text.replace(name, f"{max(1, round(window_s * 1000))}ms")
    return text


def _read(name: str, read: Callable[[QueryResult], Any], found: QueryResult) -> Any:
    """What an answer says; a reason why it says nothing names the query."""
    try:
        return read(found)
    except _Nothing as exc:
        raise _Nothing(f"{name}: {exc}") from None


def _count(bad: float | None, total: float | None, t: float) -> Count:
    """A counter of errors that never was is zero errors, where requests were counted."""
    if total is None:
        raise _Nothing("total: is empty: no such series, or it is stale")
    if not total:
        raise _Nothing("total: is 0: no request was counted")
    for name, number in (("bad", bad or 0.0), ("total", total)):
        if not number >= 0:
            raise _Nothing(f"{name}: is {number:g}, which is not a count")
    if bad is not None and bad > total * 1.001:
        raise _Nothing(f"bad: {bad:g} is more than the total of {total:g}; do both count the same requests?")
    return Count(t=t, bad=min(bad or 0.0, total), total=total)


def _ask(call: Callable[[], QueryResult]) -> QueryResult:
    """What a query gives, whole. Raises _Nothing."""
    try:
        found = call()
    except DeliveryError as exc:
        raise _Nothing(str(exc)) from exc
    if found.warnings:
        raise _Nothing("; ".join(found.warnings))
    return found


def _value(found: QueryResult) -> float | None:
    """The one number of an instant query; None where there is no series."""
    if found.kind == "scalar":
        return _number(found.result)
    series = _one(found.result)
    return None if series is None else _of(lambda: _number(series["value"]))


def _values(found: QueryResult) -> dict[float, float]:
    """The numbers of a range query by their time; what is not a number is NaN."""
    series = _one(found.result)
    points = [] if series is None else _of(lambda: [(float(point[0]), point) for point in series["values"]])
    numbers: dict[float, float] = {}
    for at_s, point in points:
        if not isfinite(at_s):
            raise _Nothing("has a time that is not a number")
        try:
            numbers[round(at_s, 3)] = _number(point)
        except _Nothing:
            numbers[round(at_s, 3)] = nan
    return numbers


def _one(result: list[Any]) -> Any:
    if len(result) > 1:
        raise _Nothing(f"{len(result)} series, and one is wanted (write sum(…))")
    return result[0] if result else None


def _of(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (KeyError, TypeError, IndexError, ValueError):
        raise _Nothing("is not a vector: a query must give one number a time (write sum(increase(…)))") from None


def _number(point: Any) -> float:
    try:
        found = float(point[1])
    except (TypeError, ValueError, IndexError, KeyError):
        raise _Nothing("is not a number") from None
    if not isfinite(found):
        raise _Nothing(f"is {found}, which is not a count")
    return found
