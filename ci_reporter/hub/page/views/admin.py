"""`/admin`: how the hub itself is: what it polls and how old that is, deliveries, alerts, tokens, users, who looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from ci_reporter.hub.auth import tokens, users
from ci_reporter.hub.auth.access import Scope
from ci_reporter.hub.exposition import Block
from ci_reporter.hub.page.live.broadcast import Broadcast
from ci_reporter.hub.page.rendering import render
from ci_reporter.hub.page.view import Answer, View, Visit
from ci_reporter.hub.page.wall.cards import Cards
from ci_reporter.hub.poll.ledger import told_of
from ci_reporter.hub.store.reading import Reading
from ci_reporter.hub.store.tables import Tables
from ci_reporter.hub.webhooks.deliveries import last_deliveries

Figures = Callable[[], Iterable[Block]]

_MOST = 30
_OLD_MS = 15 * 60_000  # of a target: then something is wrong, whatever its interval is
_MESSAGES = "SELECT state, count(*), max(created_ms) FROM alert_message GROUP BY state ORDER BY state"
_LAST_MESSAGES = """
SELECT channel, rule, state, reason, attempts, created_ms FROM alert_message ORDER BY created_ms DESC LIMIT :count
"""
_FORWARD = "SELECT count(*), min(received_ms) FROM forward"
_LINE = re.compile(r'(?P<name>ci_upstream_\w+)\{host="(?P<host>[^"]*)"(?:,code="(?P<code>[^"]*)")?\} (?P<value>\S+)')


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What the page looks at beside the database."""

    tables: Tables
    cards: Cards
    broadcast: Broadcast
    figures: Figures


class Host(NamedTuple):
    """A CI system's API: how many requests it was sent and refused, and how many more it allows now."""

    name: str
    requests: int
    refused: int
    left: int | None


def view(inside: Inside) -> View:
    """The view, for administrators."""
    return View(path="/admin", answer=partial(_admin, inside))


def _admin(inside: Inside, _: Reading, visit: Visit) -> Answer:
    visit.access.require(Scope.ADMIN)
    select = inside.tables.select
    targets = sorted(told_of(inside.tables).items(), key=lambda each: (not each[1].problem, each[1].looked_ms))
    ((waiting, oldest_ms),) = select(_FORWARD)
    known: dict[str, Any] = {
        "targets": targets,
        "old_ms": visit.now_ms - _OLD_MS,
        "hosts": hosts(inside.figures()),
        "deliveries": last_deliveries(select, _MOST),
        "messages": select(_MESSAGES),
        "last_messages": select(_LAST_MESSAGES, count=_MOST),
        "forward": (waiting, oldest_ms),
        "tokens": tokens.every(inside.tables),
        "users": users.every(inside.tables),
        "clients": len(inside.broadcast),
        "cards": len(inside.cards.all()),
        "stale": inside.cards.stale,
    }
    return Answer(render("admin.html", visit=visit, **known))


def hosts(blocks: Iterable[Block]) -> list[Host]:
    """What the poller counts of each host, from its metrics."""
    found: dict[str, Host] = {}
    for match in _matches(block.lines for block in blocks):
        host = found.get(match["host"], Host(match["host"], 0, 0, None))
        value = round(float(match["value"]))
        if match["name"] == "ci_upstream_requests_total":
            is_refused = match["code"][:1] not in ("2", "3")
            host = host._replace(requests=host.requests + value, refused=host.refused + value * is_refused)
        elif match["name"] == "ci_upstream_ratelimit_remaining":
            host = host._replace(left=value)
        found[host.name] = host
    return sorted(found.values())


def _matches(lines: Iterable[Sequence[str]]) -> list[re.Match[str]]:
    return [match for each in lines for line in each if (match := _LINE.match(line))]
