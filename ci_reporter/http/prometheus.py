"""Prometheus' HTTP API: instant and range queries, targets, and its own configuration.

Source: Prometheus, "HTTP API". An answer is `{"status": "success", "data": …}`, or `{"status": "error", "error": …}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.http import Access, Answer, Request, send
from ci_reporter.system.addresses import public_url
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

_LARGEST_ANSWER = 64 * 1024 * 1024  # a large installation's targets
_LARGEST_RESULT = 4 * 1024 * 1024  # of a query that should give one series
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class QueryResult:
    """What a query gives: `result` as the API has it, its kind, and what may be missing from it."""

    kind: str
    result: list[Any]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Prometheus:
    """A server and how to be let in. Every call raises DeliveryError, whose message names the server."""

    url: str
    access: Access = field(default_factory=Access)

    def query(self, promql: str, deadline: Deadline, *, at_s: float | None = None) -> QueryResult:
        """The value of an expression at a time (seconds since the epoch), now where none is given."""
        time = {} if at_s is None else {"time": f"{at_s:.3f}"}
        return self._query("query", {"query": promql, **time}, deadline)

    def query_range(
        self, promql: str, deadline: Deadline, *, start_s: float, end_s: float, step_s: float
    ) -> QueryResult:
        """The values of an expression from `start_s` to `end_s`, one each `step_s`."""
        span = {"start": f"{start_s:.3f}", "end": f"{end_s:.3f}", "step": f"{step_s:g}"}
        return self._query("query_range", {"query": promql, **span}, deadline)

    def active_targets(self, deadline: Deadline) -> list[Mapping[str, Any]]:
        """The targets that are scraped."""
        answer = self._send("targets?state=active", deadline)
        return self._parse(answer, lambda found: [dict(each) for each in found["data"]["activeTargets"]])

    def configuration(self, deadline: Deadline) -> str:
        """Its configuration file, as YAML."""
        answer = self._send("status/config", deadline)
        return self._parse(answer, lambda found: str(found["data"]["yaml"]))

    def _query(self, call: str, form: Mapping[str, str], deadline: Deadline) -> QueryResult:
        """POST, as a query may be longer than an address."""
        return self._parse(self._send(call, deadline, form), _query_result)

    def _send(self, call: str, deadline: Deadline, form: Mapping[str, str] | None = None) -> Answer:
        request = Request(
            method="POST" if form else "GET",
            url=f"{self.url.rstrip('/')}/api/v1/{call}",
            base=public_url(self.url),
            body=urlencode(form).encode() if form else None,
            headers={"Content-Type": "application/x-www-form-urlencoded"} if form else {},
            access=self.access,
            limit=_LARGEST_RESULT if form else _LARGEST_ANSWER,
        )
        try:
            return send(request, deadline)
        except Rejected as exc:
            raise Rejected(_plain(str(exc)), exc.status) from exc

    def _parse(self, answer: Answer, read: Callable[[Mapping[str, Any]], T]) -> T:
        """What `read` makes of an answer that is one of Prometheus'."""
        try:
            found = json.loads(answer.body)
            if problem := found.get("error"):
                raise DeliveryError(f"{public_url(self.url)}: {self.access.mask(_one_line(problem))}")
            if found["status"] != "success":
                raise ValueError("not a success")
            return read(found)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
            said = self.access.mask(answer.text(80))
            raise DeliveryError(f"{public_url(self.url)} did not answer as Prometheus does: {said}") from exc


def _query_result(found: Mapping[str, Any]) -> QueryResult:
    result = found["data"]["result"]
    if not isinstance(result, list):
        raise TypeError("a result is a list")
    return QueryResult(
        kind=str(found["data"].get("resultType")), result=result, warnings=tuple(_warnings(found.get("warnings") or ()))
    )


def _warnings(texts: Any) -> list[str]:
    """What may be missing from an answer; older servers put mere remarks on a query there too."""
    return [line for each in texts if not (line := _one_line(each)).startswith("PromQL info:")]


def _plain(message: str) -> str:
    """Of a refusal in JSON, the words for people."""
    before, brace, rest = message.partition("{")
    try:
        return f"{before}{_one_line(json.loads(brace + rest)['error'])}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return message


def _one_line(words: object) -> str:
    """A server's words as one line: they end up in a log, where a line may be a command."""
    return one_line(str(words), _LONGEST)
