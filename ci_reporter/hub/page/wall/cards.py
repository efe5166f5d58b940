"""All cards, in memory with their HTML: a page is put together without the database, and a change is drawn once.

Whoever looks at the wall sees the same card, so it is rendered once for all of them; what differs between visitors
(theme, favourites) is not in it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ci_reporter.hub.auth.access import Access
from ci_reporter.hub.page.charts.bars import last_runs
from ci_reporter.hub.page.rendering import render
from ci_reporter.hub.page.wall.card import Card, Mood, Place


class Shown(NamedTuple):
    """A card with its HTML."""

    card: Card
    html: str

    @property
    def card_id(self) -> str:
        """Its id in the page."""
        return self.card.place.card_id


class Filter(NamedTuple):
    """Which cards: each field narrows them, an empty one takes all. `words` are all to be in a card's names."""

    words: tuple[str, ...] = ()
    repository: str = ""
    pipeline: str = ""
    branch: str = ""
    environment: str = ""
    mood: str = ""
    ids: frozenset[str] | None = None
    access: Access | None = None

    def takes(self, card: Card) -> bool:
        """Whether a card is among them."""
        place = card.place
        return (
            (self.access is None or self.access.sees(place.repository))
            and (not self.mood or card.mood == self.mood)
            and all(not want or want == got for want, got in zip(self[1:5], place, strict=True))
            and all(word in card.words for word in self.words)
            and (self.ids is None or place.card_id in self.ids)
        )


class Cards:
    """The cards. Any thread may ask; one at a time brings them up to date.

    `stale` says that they are of before and why; it is empty while they are not. `is_read`: whether they were read.
    """

    def __init__(self) -> None:
        self.stale = ""
        self.is_read = False
        self._shown: dict[Place, Shown] = {}
        self._sorted: list[Shown] | None = None
        self._lock = threading.Lock()

    def replace(self, cards: Iterable[Card]) -> None:
        """Take these for all there are."""
        shown = {card.place: _with_html(card) for card in cards}
        with self._lock:
            self._shown, self._sorted = shown, None
            self.is_read = True

    def get(self, place: Place) -> Shown | None:
        """The card of a place."""
        return self._shown.get(place)

    def put(self, card: Card) -> Shown:
        """Take a card in the place of the one that was there."""
        shown = _with_html(card)
        with self._lock:
            self._shown[card.place] = shown
            self._sorted = None
        return shown

    def all(self) -> Sequence[Shown]:
        """All cards in their order."""
        with self._lock:
            if self._sorted is None:
                self._sorted = sorted(self._shown.values(), key=lambda each: each.card.order)
            return self._sorted

    def select(self, wanted: Filter) -> list[Shown]:
        """Those of a filter, in their order."""
        return [each for each in self.all() if wanted.takes(each.card)]


def counts(shown: Iterable[Shown]) -> Mapping[Mood, int]:
    """How many cards there are of each mood."""
    found = dict.fromkeys(Mood, 0)
    for each in shown:
        found[each.card.mood] += 1
    return found


def _with_html(card: Card) -> Shown:
    chart = last_runs(card.bars, card.place.repository)
    return Shown(card, render("card.html", card=card, chart=chart))
