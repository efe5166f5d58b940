"""The JSON API of a hub, from its reader's side: one document, or a list page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

from ci_reporter.errors import CIReporterError, DeliveryError, Rejected, UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.http import Access, Answer, Request, send
from ci_reporter.system.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.system.deadline import Deadline

_PREFIX = "/api/v1"
_LARGEST_ANSWER = 64 * 1024 * 1024  # a hundred steps with all that a report may hold
_LARGEST_PAGE = 100
_LONGEST = 400


class HubApi(Frozen):
    """A hub and how to be let in."""

    url: str
    access: Access = Access()

    def document(self, path: tuple[str, ...], params: Mapping[str, str], deadline: Deadline) -> dict[str, Any]:
        """What is at a path, given piece by piece.

        Raises DeliveryError when the hub cannot be reached or is none, Rejected when it lets nobody in, UsageError when
        it does not understand the parameters, CIReporterError when there is no such thing.
        """
        pieces = "/".join(quote(piece, safe="") for piece in path)
        query = f"?{urlencode(params)}" if params else ""
        address = f"{self.url}{_PREFIX}/{pieces}{query}"
        request = Request(
            method="GET", url=address, base=self.url, access=self.access, limit=_LARGEST_ANSWER, refusal_limit=16_384
        )
        try:
            answer = send(request, deadline, problem=lambda answer: _refusal(self, answer))
        except Rejected as exc:
            raise _for_people(exc) from exc
        found = _json(answer)
        if not isinstance(found, dict):
            raise DeliveryError(f"{self.url} is not a hub: it answered with {answer.text(100)} (is the address right?)")
        return found

    def change(
        self, method: str, path: tuple[str, ...], deadline: Deadline, given: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Change something at a path; what it is then. Raises as `document` does, and is not tried twice."""
        address = "/".join([f"{self.url}{_PREFIX}", *(quote(piece, safe="") for piece in path)])
        request = Request(
            method=method,
            url=address,
            base=self.url,
            body=None if given is None else json.dumps(given).encode(),
            headers={"Content-Type": "application/json"},
            access=self.access,
            refusal_limit=16_384,
        )
        try:
            answer = send(request, deadline, retries=0, problem=lambda answer: _refusal(self, answer))
        except Rejected as exc:
            raise (UsageError(str(exc)) if exc.status == 400 else _for_people(exc)) from exc
        found = _json(answer)
        if not isinstance(found, dict):
            raise DeliveryError(f"{self.url} is not a hub: it answered with {answer.text(100)} (is the address right?)")
        return found

    def items(
        self, path: tuple[str, ...], params: Mapping[str, str], most: int, deadline: Deadline
    ) -> Iterator[dict[str, Any]]:
        """At most so many items of a list. Raises as `document` does."""
        left = most
        cursor: dict[str, str] = {}
        while left > 0:
            page = {"per_page": str(min(left, _LARGEST_PAGE)), **params, **cursor}
            found = self.document(path, page, deadline)
            items = found.get("items")
            if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
                raise DeliveryError(f"{self.url} is not a hub: its list has no items (is the address right?)")
            yield from items[:left]
            left -= len(items)
            following = found.get("next_cursor")
            if not isinstance(following, str) or {"cursor": following} == cursor:
                return
            cursor = {"cursor": following}


def _refusal(hub: HubApi, answer: Answer) -> DeliveryError | None:
    """A refusal in the hub's own words; what may pass (408, 429, 5xx) is tried again by who sends."""
    if answer.status < 400:
        return None
    found = _json(answer)
    detail = found.get("detail") if isinstance(found, dict) else None
    said = hub.access.mask(one_line(str(detail), _LONGEST)) if detail else ""
    if answer.status in (401, 403):
        remedy = "set CI_REPORTER_HUB_TOKEN, or CI_REPORTER_HUB_USERNAME and CI_REPORTER_HUB_PASSWORD"
        why = said or f"it answered {answer.status}"
        why += f" ({remedy})" if answer.status == 401 or not said else ""
        return Rejected(f"{hub.url} does not let us in: {why}", answer.status)
    if answer.status in (408, 429) or answer.status >= 500:
        return None
    if said:
        return Rejected(said, answer.status)
    return Rejected(f"{hub.url} is not a hub: it answered {answer.status} (is the address right?)")


def _for_people(error: Rejected) -> CIReporterError:
    if error.status == 400:
        return UsageError(f"hub get: {error}")
    return CIReporterError(str(error)) if error.status in (404, 409) else error


def _finite(text: str) -> float:
    """A number as JSON has it. Raises ValueError for NaN, Infinity and 1e999, which nobody here can show."""
    found = float(text)
    if found - found != 0:
        raise ValueError(text)
    return found


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        return None
