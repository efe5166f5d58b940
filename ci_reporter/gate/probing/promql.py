"""Signals that Prometheus counts: how many requests there were in an interval, and how many of them were bad.

Whatever is not plainly a count is no data, with a reason; no data is never a pass.
Source: Prometheus, "HTTP API", instant and range queries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from urllib.parse import urlencode

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.gate.recording import Count
from ci_reporter.gate.rules.ruleset import Query
from ci_reporter.http import Access, Answer, Deadline, Request, send
from ci_reporter.http.reasons import CONTROL

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

    def ask(text: str) -> Mapping[str, Any]:
        return _asked(server, "query", {"query": _filled(text, window_s), "time": f"{at_s:.3f}"}, deadline)

    try:
        bad, total = (_read(name, _value, ask(text)) for name, text in (("bad", query.bad), ("total", query.total)))
        return _counted(bad, total, 0.0)
    except _Nothing as exc:
        return NoData(reason=str(exc))


def history(
    query: Query, server: Prometheus, *, start_s: float, end_s: float, step_s: float, deadline: Deadline
) -> list[Count] | NoData:
    """The counts of each step from `start_s` to `end_s`, in the past; t counts from `start_s`."""
    span = {"start": f"{start_s + step_s:.3f}", "end": f"{end_s:.3f}", "step": f"{step_s:g}"}

    def ask(text: str) -> Mapping[str, Any]:
        return _asked(server, "query_range", {"query": _filled(text, step_s), **span}, deadline)

    try:
        bad, total = (_read(name, _values, ask(text)) for name, text in (("bad", query.bad), ("total", query.total)))
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


def _read(name: str, read: Callable[[Mapping[str, Any]], Any], data: Mapping[str, Any]) -> Any:
    """What an answer says; a reason why it says nothing names the query."""
    try:
        return read(data)
    except _Nothing as exc:
        raise _Nothing(f"{name}: {exc}") from None


def _counted(bad: float | None, total: float | None, t: float) -> Count:
    """A counter of errors that never was is zero errors, where requests were counted."""
    if total is None:
        raise _Nothing("total: is empty: no such series, or it is stale")
    if not total:
        raise _Nothing("total: is 0: no request was counted")
    for name, number in (("bad", bad or 0.0), ("total", total)):
        if not number >= 0:
            raise _Nothing(f"{name}: is {number:g}, which is no count")
    if bad is not None and bad > total * 1.001:
        raise _Nothing(f"bad: {bad:g} is more than the total of {total:g}; do both count the same requests?")
    return Count(t=t, bad=min(bad or 0.0, total), total=total)


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
        return f"{before}{_line(found['error'])}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return message


def _line(words: object) -> str:
    """A server's words as one line: they end up in a log, where a line may be a command."""
    return CONTROL.sub(" ", str(words)).strip()[:_LONGEST]


def _warnings(found: Mapping[str, Any]) -> list[str]:
    """What may be missing from an answer; older servers put mere remarks on a query there too."""
    return [text for each in found.get("warnings") or () if not (text := str(each)).startswith("PromQL info:")]


def _data(answer: Answer, request: Request) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.body)
        if problem := found.get("error") or _warnings(found):
            raise _Nothing(f"{request.base}: {request.access.hidden(_line(problem))}")
        data = found["data"]
        if found["status"] != "success" or not isinstance(data["result"], list):
            raise ValueError("not a success")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        said = request.access.hidden(answer.text(80))
        raise _Nothing(f"{request.base}: this is no answer of Prometheus: {said}") from None
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
    """The numbers of a range query by their time; what is no number is NaN."""
    series = _one(data["result"])
    points = [] if series is None else _of(lambda: [(float(point[0]), point) for point in series["values"]])
    found: dict[float, float] = {}
    for at_s, point in points:
        if not isfinite(at_s):
            raise _Nothing("has a time that is no number")
        try:
            found[round(at_s, 3)] = _number(point)
        except _Nothing:
            found[round(at_s, 3)] = nan
    return found


def _one(result: list[Any]) -> Any:
    if len(result) > 1:
        raise _Nothing(f"{len(result)} series, and one is wanted (write sum(…))")
    return result[0] if result else None


def _of(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (KeyError, TypeError, IndexError, ValueError):
        raise _Nothing("is no vector: a query must give one number a time (write sum(increase(…)))") from None


def _number(point: Any) -> float:
    try:
        found = float(point[1])
    except (TypeError, ValueError, IndexError, KeyError):
        raise _Nothing("is no number") from None
    if not isfinite(found):
        raise _Nothing(f"is {found}, which is no count")
    return found
