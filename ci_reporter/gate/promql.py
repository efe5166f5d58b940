"""Signals that Prometheus counts: how many requests there were in an interval, and how many of them were bad.

Whatever is not plainly a count is no data, with a reason; no data is never a pass.
Source: Prometheus, "HTTP API", instant and range queries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from urllib.parse import urlencode

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.gate.recording import Count
from ci_reporter.gate.rules import Query
from ci_reporter.http import Access, Answer, Deadline, Request, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_INTERVAL = ("$__interval", "$interval", "${interval}")
_LARGEST_ANSWER = 4 * 1024 * 1024
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Prometheus:
    """A server and how to be let in."""

    url: str
    access: Access = field(default_factory=Access)


@dataclass(frozen=True, kw_only=True)
class NoData:
    """There is no count, and why."""

    reason: str


class _Nothing(Exception):
    """Why there is no data."""


def count(query: Query, server: Prometheus, *, at_s: float, window_s: float, deadline: Deadline) -> Count | NoData:
    """What was counted in the window that ends at `at_s`, in seconds since the epoch; its t is 0."""
    try:
        bad, total = (
            _value(_asked(server, "query", {"query": _filled(text, window_s), "time": f"{at_s:.3f}"}, deadline))
            for text in (query.bad, query.total)
        )
        return _counted(bad, total, 0.0)
    except _Nothing as exc:
        return NoData(reason=str(exc))


def history(
    query: Query, server: Prometheus, *, start_s: float, end_s: float, step_s: float, deadline: Deadline
) -> list[Count] | NoData:
    """The counts of each step from `start_s` to `end_s`, in the past; t counts from `start_s`."""
    span = {"start": f"{start_s + step_s:.3f}", "end": f"{end_s:.3f}", "step": f"{step_s:g}"}
    try:
        bad, total = (
            _values(_asked(server, "query_range", {"query": _filled(text, step_s), **span}, deadline))
            for text in (query.bad, query.total)
        )
    except _Nothing as exc:
        return NoData(reason=str(exc))
    found = []
    for at_s, number in sorted(total.items()):
        try:
            found.append(_counted(bad.get(at_s), number, max(0.0, round(at_s - step_s - start_s, 3))))
        except _Nothing:
            continue
    return found or NoData(reason="no request was counted in that time")


def _filled(text: str, window_s: float) -> str:
    """The query with its interval in Prometheus' words, which know no fractions."""
    for name in _INTERVAL:
        text = text.replace(name, f"{max(1, round(window_s * 1000))}ms")
    return text


def _counted(bad: float | None, total: float | None, t: float) -> Count:
    """A counter of errors that never was is zero errors, where requests were counted."""
    if total is None:
        raise _Nothing("total: is empty: no such series, or it is stale")
    if total <= 0:
        raise _Nothing("total: is 0: no request was counted")
    if bad is not None and bad > total * 1.001:
        raise _Nothing(f"bad: {bad:g} is more than the total of {total:g}; do both count the same requests?")
    return Count(t=t, bad=min(max(bad or 0.0, 0.0), total), total=total)


def _asked(server: Prometheus, call: str, fields: Mapping[str, str], deadline: Deadline) -> Mapping[str, Any]:
    """The `data` of an answer. Raises _Nothing."""
    request = Request(
        method="POST",
        url=f"{server.url.rstrip('/')}/api/v1/{call}",
        base=server.url,
        body=urlencode(fields).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        access=server.access,
        limit=_LARGEST_ANSWER,
    )
    try:
        answer = send(request, deadline)
    except Rejected as exc:
        raise _Nothing(_said(str(exc))) from exc
    except DeliveryError as exc:
        raise _Nothing(str(exc)) from exc
    return _data(answer, request)


def _said(message: str) -> str:
    """Of a refusal in JSON, the words for people."""
    before, brace, rest = message.partition("{")
    try:
        found = json.loads(brace + rest)
        return f"{before}{str(found['error'])[:_LONGEST]}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return message


def _data(answer: Answer, request: Request) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.body)
        data = found["data"]
        if found["status"] != "success" or not isinstance(data["result"], list):
            raise ValueError("not a success")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _Nothing(f"{request.base}: this is no answer of Prometheus: {answer.text(80)}") from None
    assert isinstance(data, dict)  # noqa: S101  it had a "result"
    return data


def _value(data: Mapping[str, Any]) -> float | None:
    """The one number of an instant query; None where there is no series."""
    result = data["result"]
    if data.get("resultType") == "scalar":
        return _number(result)
    series = _one(result)
    return None if series is None else _of(lambda: _number(series["value"]))


def _values(data: Mapping[str, Any]) -> dict[float, float]:
    """The numbers of a range query by their time; what is no number is left out."""
    series = _one(data["result"])
    if series is None:
        return {}
    found: dict[float, float] = {}
    for point in _of(lambda: list(series["values"])):
        try:
            found[round(float(point[0]), 3)] = _number(point)
        except _Nothing:
            continue
    return found


def _one(result: list[Any]) -> Any:
    if len(result) > 1:
        raise _Nothing(f"{len(result)} series, and one is wanted (write sum(…))")
    return result[0] if result else None


def _of(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (KeyError, TypeError, IndexError):
        raise _Nothing("is no vector: a query must give one number a time (write sum(increase(…)))") from None


def _number(point: Any) -> float:
    try:
        found = float(point[1])
    except (TypeError, ValueError, IndexError, KeyError):
        raise _Nothing("its value is no number") from None
    if not isfinite(found):
        raise _Nothing(f"is {point[1]}, which is no count")
    return found
