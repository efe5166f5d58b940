"""The alerts of a hub, put together from its settings, its database and its environment."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from ci_reporter.context import Context
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.http.proxies import proxies_of
from ci_reporter.hub.alerts import feed
from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.deploys.commits import comparer
from ci_reporter.hub.alerts.deploys.prober import Prober
from ci_reporter.hub.alerts.deploys.watcher import Around as WatchedBy
from ci_reporter.hub.alerts.deploys.watcher import Watcher
from ci_reporter.hub.alerts.dora import PREFIX, Dora, events
from ci_reporter.hub.alerts.follow import Follower, LookAgain, no_look
from ci_reporter.hub.alerts.outbox import DatabaseOutbox
from ci_reporter.hub.alerts.rules import RuleBook
from ci_reporter.hub.alerts.ruling import Ruling
from ci_reporter.hub.alerts.sender import Sender
from ci_reporter.hub.alerts.service import OFTEN_S, Alerts, Chore, Machinery
from ci_reporter.hub.settings.poll import Source
from ci_reporter.hub.store.opening import Database
from ci_reporter.hub.store.reading import Reading
from ci_reporter.notify.channels import outgoing
from ci_reporter.notify.policies.conditions import comparisons

_LOOK_S, _WATCH_S = 30.0, 2.0
_log = logging.getLogger("ci_reporter.hub.alerts")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the alerts have around them. `alone`: no other process uses the database.

    `branches` are those that are series of their own. `look_again` asks a CI system how a run is now; it raises
    CIReporterError where that cannot be known.
    `sources` are those of `poll:`, with the tokens by which commits can be compared. `dora` gives DORA's figures of all
    places.
    """

    store: Database
    env: Mapping[str, str]
    alone: bool = True
    branches: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    look_again: LookAgain = no_look
    dora: Dora = lambda reading, now_ms: ()  # noqa: ARG005


def alerts(decided: Ruling | None, around: Surroundings) -> Alerts | None:
    """The alerts as a service of the server; None where the settings have no rule."""
    if decided is None:
        return None
    for doubt in decided.doubts:
        _log.warning("%s", doubt)
    store = around.store
    store.also_write(feed.put)
    book = Book(store, decided.rules, partial(outgoing, decided.context))
    outbox = DatabaseOutbox(store, alone=around.alone)
    probers = [Prober(each, proxies_of(around.env)) for each in decided.watches]
    watcher = Watcher(store, book, probers, _around_watches(decided, around))
    follower = Follower(store, book, around.look_again, watcher.begin, branches=around.branches)

    def look_at_figures(reading: Reading) -> None:
        now_ms = round(time.time() * 1000)
        book.judge(feed.turn_of(store, "dora", lambda: list(events(around.dora(reading, now_ms), now_ms))))

    found = Alerts(
        Machinery(
            tables=store,
            book=book,
            sender=Sender(store, outbox, decided.channels, windows=decided.rules.windows),
            reading=store.reading,
            listeners=[watcher.hear] if probers else [],
            probers=probers,
            reading_chores=[look_at_figures] if _mentions(decided.rules, PREFIX) else [],
            chores=(
                Chore(name="judging runs", every_s=OFTEN_S, work=follower.follow),
                Chore(name="looking for what is overdue", every_s=_LOOK_S, work=follower.look),
                *([Chore(name="watching deploys", every_s=_WATCH_S, work=watcher.look)] if probers else []),
            ),
        )
    )
    store.listen(found.wake)
    return found


def _around_watches(decided: Ruling, around: Surroundings) -> WatchedBy:
    return WatchedBy(
        compare=comparer(around.sources, around.env),
        env=around.env,
        prometheus=_prometheus(decided.context),
        alone=around.alone,
    )


def _mentions(rules: RuleBook, prefix: str) -> bool:
    """Whether a rule compares a fact whose name begins so."""
    conditions = [each.condition for each in rules.policies if each.condition]
    return any(one.name.startswith(prefix) for each in conditions for one in comparisons(each))


def _prometheus(context: Context) -> Prometheus | None:
    server = context.config.prometheus
    return Prometheus(url=server.address(), access=server.access()) if server.is_set else None
