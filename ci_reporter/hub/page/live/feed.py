"""What changed in the database → cards in memory → everybody who looks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from ci_reporter.errors import StoreError
from ci_reporter.hub.changes import Changes, News
from ci_reporter.hub.page.live.broadcast import Broadcast
from ci_reporter.hub.page.wall.card import Card
from ci_reporter.hub.page.wall.cards import Cards
from ci_reporter.hub.page.wall.source import Series, all_cards, cards_of
from ci_reporter.hub.runs.change import Change, Kind
from ci_reporter.hub.store.tables import Tables

_OF_A_RUN = (Kind.RUN, Kind.STEPS)
_TICK_S = 15.0
_LOOK_S = 1.0
_MOST_WAITING = 20_000  # changes; with more of them all cards are read, and that may take seconds
_REST, _MOST_REST_S = 4, 0.25  # times as long as the last changes took: the cards have at most a fifth of the time
_log = logging.getLogger("ci_reporter.hub.page")


class Feed:
    """The tasks that keep the cards as the database has them; a `Service`."""

    def __init__(
        self,
        tables: Tables,
        changes: Changes,
        cards: Cards,
        broadcast: Broadcast,
        *,
        look_s: float = _LOOK_S,
    ) -> None:
        self._tables, self._changes = tables, changes
        self._cards, self._broadcast = cards, broadcast
        self._look_s = look_s
        self._as_of_s = time.time()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin; the cards are read beside the first requests."""
        self._tasks = [asyncio.create_task(each) for each in (self._follow(), self._watch(), self._tick())]

    async def stop(self) -> None:
        """End the tasks and all streams."""
        self._broadcast.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        with self._changes.subscribe(_MOST_WAITING) as listener:
            await self._retry(self._read_all)
            while (news := await listener.news()) is not None:
                begun_s = time.monotonic()
                await self._retry(partial(self._take, news))
                await asyncio.sleep(min(_REST * (time.monotonic() - begun_s), _MOST_REST_S))

    async def _retry(self, work: Callable[[], Awaitable[None]]) -> None:
        """Until the database can be read: what has changed is not forgotten meanwhile."""
        while True:
            try:
                await work()
            except StoreError as exc:
                _log.warning("cards cannot be brought up to date now: %s", exc)
                await asyncio.sleep(self._look_s)
            else:
                return

    async def _read_all(self) -> None:
        cards = await asyncio.to_thread(lambda: list(all_cards(self._tables)))
        await asyncio.to_thread(self._cards.replace, cards)
        self._broadcast.refresh()

    async def _take(self, news: News) -> None:
        if news.missed:
            await self._read_all()
            return
        changes = [each for each in news.changes if each.kind in _OF_A_RUN]
        series = list(dict.fromkeys((each.repository, each.pipeline, each.branch) for each in changes))
        for each, cards in zip(series, await asyncio.to_thread(self._read, series), strict=True):
            self._publish([change for change in changes if _series(change) == each], cards)
            await asyncio.sleep(0)  # a card is drawn in the event loop: requests come between two of them

    def _read(self, series: Sequence[Series]) -> list[list[Card]]:
        return [cards_of(self._tables, each) for each in series]

    def _publish(self, changes: Sequence[Change], cards: Sequence[Card]) -> None:
        """Each card that is different, once; and each run that is, for those who look at its page."""
        subjects = {change.subject for change in changes}
        for card in cards:
            known = self._cards.get(card.place)
            if known and known.card == card and not subjects & {bar.ci_run_id for bar in card.bars}:
                continue
            shown = self._cards.put(card)
            of_card = [bar.ci_run_id for bar in card.bars if bar.ci_run_id in subjects]
            for ci_run_id in of_card or [""]:
                self._broadcast.publish(shown, ci_run_id)

    async def _watch(self) -> None:
        """Say that what is shown is old while the database cannot be read, and that it is not any more."""
        while True:
            await asyncio.sleep(self._look_s)
            stale = ""
            if self._changes.error:
                at = time.strftime("%H:%M:%S UTC", time.gmtime(self._as_of_s))
                stale = f"the database cannot be read; as of {at}"
            else:
                self._as_of_s = time.time()
            if stale != self._cards.stale:
                self._cards.stale = stale
                self._broadcast.say("stale", stale)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._broadcast.tick()


def _series(change: Change) -> Series:
    return change.repository, change.pipeline, change.branch
