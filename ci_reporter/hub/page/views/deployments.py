"""`/deployments`: which revision is where, since when, by whom, and what has passed since and is not there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ci_reporter.hub.page.rendering import address, render
from ci_reporter.hub.page.view import Answer, View, Visit, ask
from ci_reporter.hub.store.reading import Reading

_PER_PAGE = 100
_MOST_RUNS = 50
Flat = Mapping[str, Any]


class _Environment(NamedTuple):
    """What is where: the last deployment that went well, and the last one if that is another."""

    repository: str
    name: str
    current: Flat | None
    newest: Flat
    missing: Sequence[Flat] | None


def _deployments(reading: Reading, visit: Visit) -> Answer:
    given = visit.some("repository", "environment")
    found = ask(reading, visit, "/deployments", **given, cursor=visit.get("cursor"), per_page=_PER_PAGE)
    items, cursor = found["items"], found["next_cursor"]
    body = render(
        "deployments.html",
        visit=visit,
        environments=_environments(reading, visit, items) if not visit.get("cursor") else [],
        deployments=items,
        given=given,
        following=address("/deployments", **given, cursor=cursor) if cursor else None,
    )
    return Answer(body)


VIEW = View(path="/deployments", answer=_deployments, params=("repository", "environment", "cursor"))


def _environments(reading: Reading, visit: Visit, items: Sequence[Flat]) -> list[_Environment]:
    """One an environment of a repository; `items` are newest first."""
    places: dict[tuple[str, str], list[Flat]] = {}
    for item in items:
        places.setdefault((item["repository"] or "", item["environment"]), []).append(item)
    found = []
    for (repository, name), deployed in sorted(places.items()):
        current = next((each for each in deployed if each["outcome"] == "success"), None)
        missing = _missing(reading, visit, current) if current else None
        found.append(_Environment(repository, name, current, deployed[0], missing))
    return found


def _missing(reading: Reading, visit: Visit, current: Flat) -> list[Flat] | None:
    """The runs of the same branch that passed with other revisions since; None where that cannot be told."""
    if not current["repository"] or not current["branch"] or not current["revision"]:
        return None
    runs = ask(
        reading, visit, "/runs", repository=current["repository"], branch=current["branch"], per_page=_MOST_RUNS
    )["items"]
    found: dict[str, Flat] = {}
    for run in runs:
        if run["revision"] == current["revision"]:
            return list(found.values())
        if run["revision"] and run["result"] == "success":
            found.setdefault(run["revision"], run)
    return None
