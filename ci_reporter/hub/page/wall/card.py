"""A card of the wall: where, how the last runs went, and where it stands among the others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from ci_reporter.hub.runs.run import Status

MOST_BARS = 10
_BAD = (Status.FAILURE, Status.ERROR, Status.TIMEOUT)
_SAYS_NOTHING = (Status.CANCELLATION, Status.SKIP)  # whether it works: neither yes nor no


class Mood(StrEnum):
    """What a card is, by which it is found and sorted: the first one stands first."""

    FAILING = "failing"
    RUNNING = "running"
    PASSING = "passing"
    UNKNOWN = "unknown"


class Place(NamedTuple):
    """What a card is of; a text is empty where a run does not say it."""

    repository: str
    pipeline: str
    branch: str
    environment: str = ""

    @property
    def card_id(self) -> str:
        """The card's id in the page and in the cookie of favourites."""
        return "c" + hashlib.sha256("\0".join(self).encode("utf-8", "replace")).hexdigest()[:12]


class Bar(NamedTuple):
    """A run as a card shows it. Times are milliseconds since the epoch, None where they are not known."""

    ci_run_id: str
    status: Status
    started_ms: int | None = None
    finished_ms: int | None = None
    revision: str | None = None
    title: str | None = None
    url: str | None = None

    @property
    def duration_ms(self) -> int | None:
        """How long it took; None while it goes on."""
        if self.started_ms is None or self.finished_ms is None:
            return None
        return max(0, self.finished_ms - self.started_ms)

    @property
    def at_ms(self) -> int:
        """When it was last heard of."""
        return self.finished_ms or self.started_ms or 0


@dataclass(frozen=True, kw_only=True)
class Card:
    """A place and its last runs, newest first; there is at least one."""

    place: Place
    bars: Sequence[Bar]

    @property
    def newest(self) -> Bar:
        """The run that began last."""
        return self.bars[0]

    @cached_property
    def judged(self) -> Bar | None:
        """The newest run that says whether it works."""
        return next((bar for bar in self.bars if bar.status.is_final and bar.status not in _SAYS_NOTHING), None)

    @cached_property
    def mood(self) -> Mood:
        """A card is failing until a run has passed: another one on its way mends nothing yet.

        It is not passing while nobody knows how the newest run has ended.
        """
        if self.judged is not None and self.judged.status in _BAD:
            return Mood.FAILING
        if not self.newest.status.is_final and self.newest.status is not Status.UNKNOWN:
            return Mood.RUNNING
        return Mood.PASSING if self.judged is not None and self.newest.status is not Status.UNKNOWN else Mood.UNKNOWN

    @cached_property
    def order(self) -> str:
        """Where it stands: failing first, then by name, so that people find a card where it was."""
        rank = list(Mood).index(self.mood)
        return f"{rank} {self.place.repository}\t{self.place.pipeline}\t{self.place.branch}\t{self.place.environment}"

    @cached_property
    def words(self) -> str:
        """What a search looks through."""
        return "\n".join(self.place).lower()
