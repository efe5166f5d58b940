"""`/deployments`: which revision is where, since when, by whom, and what has passed since and is not there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from ci_reporter.hub.page.rendering import address, render
from ci_reporter.hub.page.told import with_told
from ci_reporter.hub.page.view import Answer, View, Visit, ask
from ci_reporter.hub.page.wall.card import Bar
from ci_reporter.hub.page.wall.cards import Cards, Filter
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.store.reading import Reading
from ci_reporter.model import seconds_of

_PER_PAGE = 100
Flat = Mapping[str, Any]


class _Environment(NamedTuple):
    """What is where: the last deployment that went well, and the last one if that is another."""

    repository: str
    name: str
    current: Flat | None
    newest: Flat
    missing: Sequence[Bar] | None


def view(cards: Cards) -> View:
    """The view; what has passed since a deployment is on these cards."""
    return View(
        path="/deployments", answer=partial(_deployments, cards), params=("repository", "environment", "cursor")
    )


def _deployments(cards: Cards, reading: Reading, visit: Visit) -> Answer:
    given = visit.some("repository", "environment")
    found = ask(reading, visit, "/deployments", **given, cursor=visit.get("cursor"), per_page=_PER_PAGE)
    items: Sequence[Flat] = found["items"]
    cursor = found["next_cursor"]
    if not visit.get("cursor"):
        items = with_told(reading.select, visit, items)
    body = render(
        "deployments.html",
        visit=visit,
        environments=_environments(cards, items) if not visit.get("cursor") else [],
        deployments=items,
        given=given,
        following=address("/deployments", **given, cursor=cursor) if cursor else None,
    )
    return Answer(body)


def _environments(cards: Cards, items: Sequence[Flat]) -> list[_Environment]:
    """One an environment of a repository; `items` are newest first."""
    places: dict[tuple[str, str], list[Flat]] = {}
    for item in items:
        places.setdefault((item["repository"] or "", item["environment"]), []).append(item)
    found = []
    for (repository, name), deployed in sorted(places.items()):
        current = next((each for each in deployed if each["outcome"] == "success"), None)
        missing = _missing(cards, current) if current else None
        found.append(_Environment(repository, name, current, deployed[0], missing))
    return found


def _missing(cards: Cards, current: Flat) -> list[Bar] | None:
    """The newest run of each other revision that has passed on the branch since; None where that cannot be told.

    Since: the deployed revision's own run, else the deployment. A card has the last ten runs, so there may be more.
    """
    wanted = Filter(repository=current["repository"] or "", branch=current["branch"] or "")
    if not wanted.repository or not wanted.branch or not current["revision"]:
        return None
    bars = [bar for each in cards.select(wanted) if not each.card.place.environment for bar in each.card.bars]
    bars.sort(key=lambda bar: -(bar.started_ms or 0))
    own = [bar.started_ms or 0 for bar in bars if bar.revision == current["revision"]]
    since_ms = max(own) if own else 1000 * (seconds_of(current["started_at"] or current["finished_at"]) or 0)
    found: dict[str, Bar] = {}
    for bar in bars:
        if bar.revision and bar.status is Status.SUCCESS and (bar.started_ms or 0) > since_ms:
            found.setdefault(bar.revision, bar)
    return list(found.values())
