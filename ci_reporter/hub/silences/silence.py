"""A silence, and the silences of a database. One that has ended is kept for a month, so that one can see it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ci_reporter.hub.silences.matchers import Matcher, all_match, check, match_anything
from ci_reporter.hub.store.tables import Statement, Tables
from ci_reporter.model import uuid7

LONGEST_MS = 366 * 86_400_000
_LONGEST_TEXT = 500
_MOST_MATCHERS = 20
_KEPT_MS = 30 * 86_400_000
_COLUMNS = "silence_id, matchers, starts_ms, ends_ms, author, comment, created_ms"


class Phase(StrEnum):
    """Whether a silence is still to come, holds, or is over."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Alerts that all of the matchers mean tell nobody from its start until its end, in ms since the epoch."""

    silence_id: str
    matchers: tuple[Matcher, ...]
    starts_ms: int
    ends_ms: int
    author: str
    comment: str
    created_ms: int = 0

    def phase(self, now_ms: int) -> Phase:
        """Where it is in its life."""
        if now_ms >= self.ends_ms:
            return Phase.EXPIRED
        return Phase.ACTIVE if now_ms >= self.starts_ms else Phase.PENDING

    def holds_back(self, labels: Mapping[str, str], now_ms: int) -> bool:
        """Whether an alert with these labels tells nobody now."""
        return self.phase(now_ms) is Phase.ACTIVE and all_match(self.matchers, labels)


def new_silence(
    matchers: Sequence[Matcher], *, starts_ms: int, ends_ms: int, author: str, comment: str, now_ms: int
) -> Silence:
    """A silence that may be kept. Raises ValueError with a sentence for one that may not."""
    if not 0 < len(matchers) <= _MOST_MATCHERS:
        raise ValueError(f"a silence has between 1 and {_MOST_MATCHERS} matchers (write repository=acme/shop)")
    for each in matchers:
        try:
            check(each)
        except ValueError as exc:
            raise ValueError(f"the matcher {str(each)[:100]!r} {exc}") from None
    if match_anything(matchers):
        raise ValueError("these matchers mean every alert (name at least one thing, such as repository=acme/shop)")
    if ends_ms <= max(starts_ms, now_ms):
        raise ValueError("a silence ends after it begins, and after now")
    if ends_ms - starts_ms > LONGEST_MS:
        raise ValueError("a silence lasts for a year at most (a rule that nobody wants is better removed)")
    for name, text in (("author", author), ("comment", comment)):
        if not text.strip() or len(text) > _LONGEST_TEXT:
            raise ValueError(
                f"a silence has {'an' if name == 'author' else 'a'} {name} of 1 to {_LONGEST_TEXT} characters"
            )
    return Silence(
        silence_id=uuid7(),
        matchers=tuple(matchers),
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        author=author.strip(),
        comment=comment.strip(),
        created_ms=now_ms,
    )


class Silences:
    """The silences of a database. Every call raises StoreError where it cannot be used."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, silence: Silence) -> None:
        """Keep a silence; those that have ended long ago are forgotten."""

        def work(run: Statement) -> None:
            run("DELETE FROM silence WHERE ends_ms < :until", until=silence.created_ms - _KEPT_MS)
            run(
                f"INSERT INTO silence ({_COLUMNS}) VALUES"  # noqa: S608
                " (:silence_id, :matchers, :starts_ms, :ends_ms, :author, :comment, :created_ms)",
                **vars(silence) | {"matchers": json.dumps(silence.matchers)},
            )

        self._tables.transact(work)

    def expire(self, silence_id: str, now_ms: int) -> Silence | None:
        """End a silence now, unless it has ended; what it was before, None where there is none of this id."""

        def work(run: Statement) -> Silence | None:
            rows = run(f"SELECT {_COLUMNS} FROM silence WHERE silence_id = :id", id=silence_id)  # noqa: S608
            if not rows:
                return None
            found = _silence(rows[0])
            if found.phase(now_ms) is not Phase.EXPIRED:
                starts_ms = min(found.starts_ms, now_ms)
                run(
                    "UPDATE silence SET ends_ms = :now, starts_ms = :starts WHERE silence_id = :id",
                    now=now_ms,
                    starts=starts_ms,
                    id=silence_id,
                )
            return found

        return self._tables.transact(work)

    def every(self, most: int = 1000) -> list[Silence]:
        """All that are kept, those that end last first."""
        sql = f"SELECT {_COLUMNS} FROM silence ORDER BY ends_ms DESC, silence_id DESC LIMIT :most"  # noqa: S608
        return [_silence(row) for row in self._tables.select(sql, most=most)]


def active(run: Statement, now_ms: int) -> list[Silence]:
    """Those that hold now, within a transaction."""
    sql = f"SELECT {_COLUMNS} FROM silence WHERE ends_ms > :now AND starts_ms <= :now"  # noqa: S608
    return [_silence(row) for row in run(sql, now=now_ms)]


def _silence(row: tuple[Any, ...]) -> Silence:
    return Silence(
        silence_id=row[0],
        matchers=tuple(Matcher(*each) for each in json.loads(row[1])),
        starts_ms=row[2],
        ends_ms=row[3],
        author=row[4],
        comment=row[5],
        created_ms=row[6],
    )
