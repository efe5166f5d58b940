"""What a route is, and what a request to it is once it was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ci_reporter.hub.auth.access import Access
from ci_reporter.hub.store.reading import Reading, Selection


@dataclass(frozen=True, kw_only=True)
class Param:
    """A parameter of the query string. `parse` raises ValueError with what is wrong, without the parameter's name."""

    name: str
    help: str
    schema: Mapping[str, Any]
    parse: Callable[[str], Any]
    default: Any = None
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Query:
    """A request: the values of its parameters and of the names in its path, who asks, and when."""

    values: Mapping[str, Any]
    path: Mapping[str, str] = field(default_factory=dict)
    access: Access = field(default_factory=Access)
    now_ms: int = 0

    def selection(self) -> Selection:
        """The reports that are asked for."""
        named = {name: self.values[name] for name in Selection._fields if self.values.get(name) is not None}
        times = {"since_ms": self.values.get("since"), "until_ms": self.values.get("until")}
        return Selection(**named, **times, visible=self.access.repositories)


@dataclass(frozen=True, kw_only=True)
class Route:
    """A path such as `/runs/{ci_run_id}`, what may be asked, and what is answered. `answer` raises Problem."""

    path: str
    summary: str
    answer: Callable[[Reading, Query], Mapping[str, Any]]
    schema: Mapping[str, Any]
    params: tuple[Param, ...] = ()
    more_statuses: Mapping[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name among all routes: `runs`, `runs_ci_run_id`."""
        return self.path.strip("/").translate({ord("/"): "_", ord("{"): None, ord("}"): None}).replace(".", "_")
