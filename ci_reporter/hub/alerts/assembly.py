"""The alerts of a hub, put together from its settings, its database and its environment."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from ci_reporter.hub.alerts import feed
from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.dora import PREFIX, Dora, events
from ci_reporter.hub.alerts.follow import Follower, LookAgain, no_look
from ci_reporter.hub.alerts.outbox import DatabaseOutbox
from ci_reporter.hub.alerts.rules import RuleBook
from ci_reporter.hub.alerts.ruling import Ruling
from ci_reporter.hub.alerts.sender import Sender
from ci_reporter.hub.alerts.service import OFTEN_S, Alerts, Chore, Machinery
from ci_reporter.hub.store.opening import Database
from ci_reporter.hub.store.reading import Reading
from ci_reporter.notify.channels import outgoing
from ci_reporter.notify.policies.conditions import comparisons

_LOOK_S = 30.0
_log = logging.getLogger("ci_reporter.hub.alerts")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the alerts have around them. `alone`: no other process uses the database.

    `look_again` asks a CI system how a run is now; it raises CIReporterError where that cannot be known.
    `dora` gives DORA's figures of all places.
    """

    store: Database
    env: Mapping[str, str]
    alone: bool = True
    look_again: LookAgain = no_look
    dora: Dora = lambda reading, now_ms: ()  # noqa: ARG005


def alerts(decided: Ruling, around: Surroundings) -> Alerts | None:
    """The alerts as a service of the server; None where the settings have no rule."""
    if decided.is_empty:
        return None
    for doubt in decided.doubts:
        _log.warning("%s", doubt)
    store = around.store
    store.also_write(feed.put)
    book = Book(store, decided.rules, partial(outgoing, decided.context))
    outbox = DatabaseOutbox(store, alone=around.alone)
    follower = Follower(store, book, around.look_again)

    def look_at_figures(reading: Reading) -> None:
        now_ms = round(time.time() * 1000)
        book.judge(feed.turn_of(store, "dora", lambda: list(events(around.dora(reading, now_ms), now_ms))))

    found = Alerts(
        Machinery(
            tables=store,
            book=book,
            sender=Sender(store, outbox, decided.channels, windows=decided.rules.windows),
            reading=store.reading,
            reading_chores=[look_at_figures] if _mentions(decided.rules, PREFIX) else [],
            chores=(
                Chore(name="judging runs", every_s=OFTEN_S, work=follower.follow),
                Chore(name="looking for what is overdue", every_s=_LOOK_S, work=follower.look),
            ),
        )
    )
    store.listen(found.wake)
    return found


def _mentions(rules: RuleBook, prefix: str) -> bool:
    """Whether a rule compares a fact whose name begins so."""
    conditions = [each.condition for each in rules.policies if each.condition]
    return any(one.name.startswith(prefix) for each in conditions for one in comparisons(each))
