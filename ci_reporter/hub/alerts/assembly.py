"""The alerts of a hub, put together from its settings, its database and its environment."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ci_reporter.hub.alerts import feed
from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.outbox import DatabaseOutbox
from ci_reporter.hub.alerts.ruling import Ruling
from ci_reporter.hub.alerts.sender import Sender
from ci_reporter.hub.alerts.service import Alerts, Machinery
from ci_reporter.hub.store import Store
from ci_reporter.hub.store.reading import Reading
from ci_reporter.hub.store.tables import Tables
from ci_reporter.notify.channels import outgoing

_log = logging.getLogger("ci_reporter.hub.alerts")


class Database(Store, Tables, Protocol):
    """A database as the alerts need it."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the alerts have around them. `alone`: no other process uses the database."""

    store: Database
    reading: Callable[[], Reading]
    env: Mapping[str, str]
    alone: bool = True


def alerts(decided: Ruling, around: Surroundings) -> Alerts | None:
    """The alerts as a service of the server; None where the settings have no rule."""
    if decided.is_empty:
        return None
    for doubt in decided.doubts:
        _log.warning("%s", doubt)
    store = around.store
    store.also_write(feed.put)
    return Alerts(
        Machinery(
            tables=store,
            book=Book(store, decided.rules, partial(outgoing, decided.context)),
            sender=Sender(store, DatabaseOutbox(store, alone=around.alone), decided.channels),
            reading=around.reading,
        )
    )
