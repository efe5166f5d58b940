"""`/`: the wall of cards, what fails first; `?wall=1` for a screen that nobody sits at."""

from __future__ import annotations

from functools import partial

from markupsafe import Markup

from ci_reporter.hub.page.live.broadcast import Broadcast
from ci_reporter.hub.page.rendering import address, render
from ci_reporter.hub.page.view import Answer, View, Visit
from ci_reporter.hub.page.wall.card import Mood
from ci_reporter.hub.page.wall.cards import Cards, Filter, counts
from ci_reporter.hub.problem import Problem

_NAMES = ("repository", "pipeline", "branch", "environment")
PARAMS = ("q", "state", "favourites", "page", "wall", *_NAMES)
_PER_PAGE = 120
_MOST_FAVOURITES = 200
FAVOURITES = "favourites"


def wall(cards: Cards, broadcast: Broadcast) -> View:
    """The view of these cards."""
    return View(path="/", in_memory=partial(_wall, cards, broadcast), params=PARAMS)


def filter_of(visit: Visit) -> Filter:
    """Which cards a visitor asks for, among those that he may see. Raises Problem."""
    state = visit.get("state") or ""
    if state and state not in list(Mood):
        raise Problem(400, f"state: expected one of {', '.join(Mood)}", field="state")
    return Filter(
        words=tuple((visit.get("q") or "").lower().split()),
        mood=state,
        ids=favourites(visit) if visit.get(FAVOURITES) else None,
        access=visit.access,
        **visit.some(*_NAMES),
    )


def favourites(visit: Visit) -> frozenset[str]:
    """The cards that the visitor has marked."""
    return frozenset(visit.cookies.get(FAVOURITES, "").split(".")[:_MOST_FAVOURITES]) - {""}


def _wall(cards: Cards, broadcast: Broadcast, visit: Visit) -> Answer:
    since = broadcast.event_id  # before the cards are looked at: what changes between comes twice, never not at all
    wanted = filter_of(visit)
    seen = cards.select(Filter(access=visit.access))
    of_names = [each for each in seen if wanted._replace(mood="").takes(each.card)]
    found = [each for each in of_names if not wanted.mood or each.card.mood == wanted.mood]
    number = _page_number(visit)
    shown = found[(number - 1) * _PER_PAGE : number * _PER_PAGE]
    more = max(0, len(found) - number * _PER_PAGE)
    marked = favourites(visit)
    narrowed = visit.some("q", "state", FAVOURITES, "wall", *_NAMES)
    body = render(
        "wall.html",
        visit=visit,
        narrowed=narrowed,
        tv=bool(visit.get("wall")),
        counts=counts(of_names),
        total=len(seen),
        shown=[_with_star(each.html, each.card_id in marked) for each in shown],
        more=more,
        next=address("/", **narrowed, page=number + 1) if more else None,
        events=address("/events", **narrowed, since=since),
        stale=cards.stale,
        is_read=cards.is_read,
        origin=visit.origin,
    )
    return Answer(body)


def _with_star(html: str, is_favourite: bool) -> Markup:
    """The card, its star set for this visitor."""
    return Markup(html.replace('aria-pressed="false"', 'aria-pressed="true"', 1) if is_favourite else html)  # noqa: S704  it was rendered


def _page_number(visit: Visit) -> int:
    text = visit.get("page") or "1"
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) < 10_000):
        raise Problem(400, "page: expected a whole number from 1 to 9999", field="page")
    return int(text[:6])
