"""One change → what each of those who look gets of it: a card's HTML, drawn and encoded once for all of them.

Everything here runs on the event loop. Changes are numbered, and who comes back after a break says the last number
that it has: it gets the cards that changed since, as they are now, or is told to refresh where that is not known.
Numbers count from the start of this process, so each has a name of that start before it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from ci_reporter.hub.page.wall.cards import Filter, Shown
from ci_reporter.model import rfc3339

_MOST_WAITING = 200  # messages of one client that is too slow
_MOST_REMEMBERED = 2000  # changes, for those who come back
_ALIVE = b": alive\n\n"
_REFRESH = b"event: refresh\ndata: reload\n\n"


class Form(StrEnum):
    """What a client reads."""

    EVENTS = "events"
    JSON = "json"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A card that is new or different, and the run by which it is."""

    event_id: str
    shown: Shown
    ci_run_id: str = ""

    @cached_property
    def card(self) -> bytes:
        """The card, in its place."""
        return _fragment(self.event_id, self.shown.html)

    @cached_property
    def gone(self) -> bytes:
        """The card is not among those that a client asked for, or not any more."""
        return _fragment(self.event_id, f'<span class="gone" id="{self.shown.card_id}"></span>')

    @cached_property
    def of_run(self) -> bytes:
        """The run is different."""
        return f"id: {self.event_id}\nevent: changed\ndata: {self.event_id}\n\n".encode()

    @cached_property
    def document(self) -> bytes:
        """The card as JSON."""
        card = self.shown.card
        newest = card.newest
        run = {
            "ci_run_id": newest.ci_run_id,
            "status": newest.status,
            "started_at": _time(newest.started_ms),
            "finished_at": _time(newest.finished_ms),
            "revision": newest.revision,
        }
        return _document({"id": self.event_id, "state": card.mood, **card.place._asdict(), "run": run})


@dataclass(eq=False, kw_only=True)
class Client:
    """Somebody who looks: at the cards of a filter, or at one run. `woken` is set when something waits."""

    wanted: Filter
    run: str = ""
    form: Form = Form.EVENTS
    waiting: deque[bytes] = field(default_factory=deque)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False
    is_idle: bool = True
    _takes_all: bool = field(init=False)

    def __post_init__(self) -> None:
        sees_all = self.wanted.access is None or self.wanted.access.patterns is None
        self._takes_all = sees_all and self.wanted._replace(access=None) == Filter() and not self.run

    def offer(self, change: Change) -> None:
        """Let it have a change, if it may see it and asked for it."""
        if message := self._message(change):
            self.put(message)

    def put(self, message: bytes) -> None:
        """Let it have a message. Who is too slow for what comes is told to look at the whole again."""
        if len(self.waiting) >= _MOST_WAITING:
            self.waiting.clear()
            message = self.refresh
        self.waiting.append(message)
        self.is_idle = False
        self.woken.set()

    def take(self) -> bytes:
        """All that waits; empty where nothing does."""
        self.woken.clear()
        found = self.waiting[0] if len(self.waiting) == 1 else b"".join(self.waiting)
        self.waiting.clear()
        return found

    @property
    def refresh(self) -> bytes:
        """What tells it to look at the whole again."""
        return _REFRESH if self.form is Form.EVENTS else _document({"refresh": True})

    def _message(self, change: Change) -> bytes | None:
        if self._takes_all:  # as nearly all do: there is nothing to look at
            return change.card if self.form is Form.EVENTS else change.document
        card, access = change.shown.card, self.wanted.access
        if access is not None and not access.sees(card.place.repository):
            return None
        if self.run:
            return change.of_run if change.ci_run_id == self.run and self.wanted.takes(card) else None
        if self.form is Form.JSON:
            return change.document if self.wanted.takes(card) else None
        return change.card if self.wanted.takes(card) else change.gone


class Broadcast:
    """All who look, and the changes of late."""

    def __init__(self) -> None:
        self._start = secrets.token_hex(4)
        self._number = 0
        self._clients: set[Client] = set()
        self._changes: deque[tuple[int, Change]] = deque(maxlen=_MOST_REMEMBERED)

    @property
    def event_id(self) -> str:
        """The id of the newest change."""
        return f"{self._start}-{self._number}"

    def __len__(self) -> int:
        return len(self._clients)

    def publish(self, shown: Shown, ci_run_id: str = "") -> None:
        """Tell everybody of a card that is new or different."""
        self._number += 1
        change = Change(event_id=self.event_id, shown=shown, ci_run_id=ci_run_id)
        self._changes.append((self._number, change))
        for client in self._clients:
            client.offer(change)

    def say(self, event: str, text: str) -> None:
        """Tell everybody something that is not a card, such as that what is shown is old."""
        message = f"event: {event}\ndata: {text}\n\n".encode()
        for client in self._clients:
            if client.form is Form.EVENTS:
                client.put(message)

    def refresh(self) -> None:
        """Everything may be different."""
        self._changes.clear()
        for client in self._clients:
            client.put(client.refresh)

    def join(self, client: Client, last_id: str | None) -> None:
        """Take somebody in, who may have been here before: then what changed since goes first."""
        missed = self._since(last_id) if last_id else []
        if missed is None:
            client.put(client.refresh)
        else:
            for change in missed:
                client.offer(change)
        self._clients.add(client)

    def leave(self, client: Client) -> None:
        """Somebody looks no more."""
        self._clients.discard(client)

    def tick(self) -> None:
        """Give a sign of life to everybody who has heard nothing since the last one."""
        for client in self._clients:
            if client.is_idle and client.form is Form.EVENTS:
                client.put(_ALIVE)
            client.is_idle = True

    def close(self) -> None:
        """End all streams."""
        for client in self._clients:
            client.closed = True
            client.woken.set()

    def _since(self, last_id: str) -> list[Change] | None:
        """The last change of each card since an id; None where that is not known."""
        start, _, text = last_id.partition("-")
        if start != self._start or not text.isdecimal() or len(text) > 18 or int(text) > self._number:
            return None
        number = int(text)
        oldest = self._changes[0][0] if self._changes else self._number + 1
        if number + 1 < oldest:
            return None
        latest = {(change.shown.card.place, change.ci_run_id): change for at, change in self._changes if at > number}
        return list(latest.values())


def _fragment(event_id: str, html: str) -> bytes:
    """An unnamed message, which htmx swaps in."""
    partial = f'<hx-partial hx-target="#cards" hx-swap="card">{html}</hx-partial>'
    lines = "".join(f"data: {line}\n" for line in partial.split("\n"))
    return f"id: {event_id}\n{lines}\n".encode()


def _document(found: dict[str, Any]) -> bytes:
    return json.dumps(found).encode() + b"\n"


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms / 1000)
