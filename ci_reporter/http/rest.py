"""What the APIs of GitHub and GitLab have in common: JSON, lists of many pages, limits, and what a no means.

Sources: GitHub's REST API, "Using pagination", "Rate limits"; GitLab's REST API, "Pagination", "Rate limits";
RFC 8288 (Link).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from functools import partial
from urllib.parse import urlsplit

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import EMPTY, Frozen, replace
from ci_reporter.http import Access, Answer, Request, TryLaterError, retry_after_s, send
from ci_reporter.model import rfc3339, seconds_of
from ci_reporter.system.text import clip, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.system.deadline import Deadline

_LARGEST_PAGE = 32 * 1024 * 1024  # a hundred comments of 65,536 characters, four bytes each, and what is around them
_MOST_PAGES = 100
_LONGEST, _LONGEST_DETAIL = 200, 100
_RETRIES = 2
_PAUSE_S = 60.0  # "at least one minute", where no header says how long
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next\b', re.IGNORECASE)


class Api(Frozen):
    """An API: what messages call it, where it is, and how to be let in.

    `remedies` has the way out of a refusal by its status, in the words of who asks: only they know which variable holds
    the token, and what it is needed for.
    """

    name: str
    url: str
    access: Access = Access()
    headers: Mapping[str, str] = EMPTY
    remedies: Mapping[int, str] = EMPTY


def request(api: Api, method: str, path: str, payload: Mapping[str, Any] | None = None) -> Request:
    """A request to the API, with JSON where there is a payload."""
    body, kind = None, {}
    if payload is not None:
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        kind = {"Content-Type": "application/json; charset=utf-8"}
    url, headers = f"{api.url}{path}", {**kind, **api.headers}
    return Request(
        method=method, url=url, base=api.url, body=body, headers=headers, access=api.access, limit=_LARGEST_PAGE
    )


def ask(api: Api, asked: Request, deadline: Deadline) -> Any:
    """The JSON that it answers, None where it answers nothing. Raises DeliveryError, Rejected."""
    return json_of(_answer(api, asked, deadline))


def pages(api: Api, path: str, deadline: Deadline) -> Iterator[Any]:
    """A list's pages, one after the other, as long as there is a next one. Raises DeliveryError, Rejected.

    Of the next page's address only the query is taken, which may hold a cursor: the server's name may be another behind
    a proxy, and a token goes nowhere but where it was meant to go.
    """
    asked = request(api, "GET", path)
    for _ in range(_MOST_PAGES):
        answer = _answer(api, asked, deadline)
        yield json_of(answer)
        following = _next_query(answer)
        if not following:
            return
        asked = replace(asked, url=f"{asked.url.partition('?')[0]}?{following}")
    raise DeliveryError(f"{api.name} has more than {_MOST_PAGES} pages at {path.partition('?')[0]}")


def problem(api: Api, asked: Request, answer: Answer) -> DeliveryError | None:
    """What is wrong with an answer; None where it is good, and where its status alone tells whether it may pass.

    A limit of requests is a 403 like a missing permission, so the headers and the words decide.
    """
    if 200 <= answer.status < 300:
        if len(answer.body) >= asked.limit:
            return Rejected(f"{api.name}'s answer is larger than {asked.limit // 1024**2} MiB", answer.status)
        if answer.status == 204 or isinstance(json_of(answer), dict | list):
            return None
    said = words(answer)
    if answer.status in (403, 429) and (pause_s := _pause_s(answer, said)) is not None:
        return TryLaterError(f"{api.name} said: {one_line(said, _LONGEST) or 'too many requests'}", pause_s)
    if 300 <= answer.status < 400 or answer.status in (408, 429) or (answer.status >= 500 and answer.status != 501):
        return None
    return refusal(api, answer, said)


def refusal(api: Api, answer: Answer, said: str = "") -> Rejected:
    """A no for good, in the server's own words and with the way out."""
    shown = one_line(said, _LONGEST) or answer.text(_LONGEST) or f"status {answer.status}"
    remedy = api.remedies.get(answer.status, "")
    text = f"{api.name} refused: {api.access.mask(shown)}" + (f" ({remedy})" if remedy else "")
    return Rejected(text, answer.status)


def words(answer: Answer) -> str:
    """What a refusal says: `message` is a text or lists of errors by field, `errors` a list, `error` a text."""
    body = json_of(answer)
    if not isinstance(body, dict):
        return ""
    said = body.get("message") or body.get("error") or ""
    errors = body.get("errors")
    details = "; ".join(map(_detail, errors)) if isinstance(errors, list) else ""
    return ": ".join(filter(None, (said if isinstance(said, str) else "; ".join(_flat(said)), details)))


def json_of(answer: Answer) -> Any:
    """The body as JSON; None where it is anything else."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def rows(api: Api, found: Any) -> list[Mapping[str, Any]]:
    """A list of objects. Raises DeliveryError where it is anything else."""
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise unlike(api, "a list of objects")
    return found


def unlike(api: Api, expected: str) -> DeliveryError:
    """The error for JSON that is not what the documentation says."""
    return DeliveryError(f"{api.name} did not answer as its documentation says: {expected} is missing")


def text(node: Any, *keys: str, most: int = _LONGEST) -> str | None:
    """The text, or a whole number as text, at a path of keys: on one line, cut; None where there is none."""
    found = _at(node, keys)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    if isinstance(found, int) and found.bit_length() > 64:
        return None
    return one_line(str(found), most) or None


def names(node: Any, key: str) -> str | None:
    """The texts of a list, joined by commas; None where there are none."""
    found = node.get(key)
    known = [one_line(each, _LONGEST) for each in found if isinstance(each, str)] if isinstance(found, list) else []
    return clip(", ".join(known), _LONGEST) or None


def moment(node: Any, *keys: str) -> str | None:
    """The time at a path of keys, in RFC 3339 UTC; None where there is none.

    Gitea writes the year 1 for a time that has not come yet.
    """
    found_s = seconds_of(text(node, *keys))
    return rfc3339(found_s) if found_s is not None and found_s > 0 else None


def web_address(node: Any, *keys: str) -> str | None:
    """The address at a path of keys, where it is one of the web."""
    found = text(node, *keys, most=2000)
    return found if found and re.match(r"https?://[^\s<>\"']+$", found) else None


def _answer(api: Api, asked: Request, deadline: Deadline) -> Answer:
    return send(asked, deadline, retries=_RETRIES, problem=partial(problem, api, asked))


def _next_query(answer: Answer) -> str:
    """The query of the next page's address; empty where this is the last one."""
    match = _NEXT.search(answer.headers.get("link", "")[:8192])
    if not match:
        return ""
    try:
        return urlsplit(match[1]).query
    except ValueError:
        return ""


def _flat(said: Any) -> list[str]:
    if isinstance(said, dict):
        return [
            f"{name}: {', '.join(map(str, each)) if isinstance(each, list) else each}" for name, each in said.items()
        ]
    return [str(each) for each in said] if isinstance(said, list) else [str(said)]


def _detail(error: object) -> str:
    if isinstance(error, dict):
        return clip(
            str(error.get("message") or " ".join(f"{name}={value}" for name, value in error.items())), _LONGEST_DETAIL
        )
    return clip(str(error), _LONGEST_DETAIL)


def _pause_s(answer: Answer, said: str) -> float | None:
    """Seconds until it takes requests again; None where the answer is about something else."""
    if "retry-after" in answer.headers:
        return retry_after_s(answer)
    if "0" in (answer.headers.get("x-ratelimit-remaining"), answer.headers.get("ratelimit-remaining")):
        reset = answer.headers.get("x-ratelimit-reset") or answer.headers.get("ratelimit-reset") or ""
        return max(0.0, int(reset) - time.time()) if reset.isdecimal() and len(reset) < 15 else _PAUSE_S
    return _PAUSE_S if "rate limit" in said.lower() else None


def _at(node: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node
