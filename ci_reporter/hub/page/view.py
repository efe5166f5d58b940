"""What a view is, and what a request to it is once it was read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, NamedTuple

from ci_reporter.hub.api.masking import masked
from ci_reporter.hub.api.route import Query
from ci_reporter.hub.api.routes import ROUTES
from ci_reporter.hub.asgi import Message
from ci_reporter.hub.auth.access import Access, Scope
from ci_reporter.hub.store.reading import Reading

HTML = "text/html; charset=utf-8"
_MOST_COOKIES = 8192
_HOST = re.compile(r"[\w.:\[\]-]{1,255}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request for a page: the names in its path, the values of its query string, who asks, and when."""

    path: str
    query_string: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    access: Access = field(default_factory=Access)
    now_ms: int = 0

    def get(self, name: str) -> str | None:
        """A value of the query string; an empty one, as a form sends it, is none."""
        return self.query.get(name) or None

    def some(self, *names: str) -> dict[str, str]:
        """The values of these names that were given."""
        return {name: value for name in names if (value := self.get(name))}

    @property
    def is_admin(self) -> bool:
        """Whether the visitor may see how the hub itself is."""
        return self.access.may(Scope.ADMIN)

    @property
    def here(self) -> str:
        """The address of the page, within the hub."""
        return self.path + (f"?{self.query_string}" if self.query_string else "")

    @property
    def theme(self) -> str | None:
        """What the visitor has chosen, None for what the system says."""
        chosen = self.cookies.get("theme")
        return chosen if chosen in ("dark", "light") else None


class Answer(NamedTuple):
    """What a view comes to."""

    body: str
    kind: str = HTML
    status: int = 200


@dataclass(frozen=True, kw_only=True)
class View:
    """A path such as `/runs/{ci_run_id}`, the parameters that it knows, what it answers. `answer` raises Problem.

    One that is `in_memory` is answered without the database, also while that is gone.
    """

    path: str
    answer: Callable[[Reading, Visit], Answer] | None = None
    params: tuple[str, ...] = ()
    in_memory: Callable[[Visit], Answer] | None = None


def ask(reading: Reading, visit: Visit, path: str, **values: Any) -> Any:
    """What the API answers at a path, narrowed to what the visitor may see and masked. Raises Problem."""
    route = next(each for each in ROUTES if each.path == path)
    known = {param.name: param.default for param in route.params}
    given = {name: value for name, value in values.items() if value is not None}
    query = Query(values=known | given, path=visit.names, access=visit.access, now_ms=visit.now_ms)
    return masked(route.answer(reading, query))


def origin(scope: Message) -> str:
    """The hub's address as the visitor's browser has it; behind a proxy perhaps without TLS."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}" if _HOST.fullmatch(host) else ""


def cookies(scope: Message) -> dict[str, str]:
    """The cookies of a request; none where they cannot be read."""
    text = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
    try:
        found = SimpleCookie(text[:_MOST_COOKIES])
    except CookieError:
        return {}
    return {name: each.value for name, each in found.items()}
