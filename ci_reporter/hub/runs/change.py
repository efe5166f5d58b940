"""What changed, numbered: a page or a rule that was away goes on after the last number that it has seen.

Numbers grow in the order in which transactions become visible, also with several hubs on one database: whoever changes
something holds the row of `change_number` until its COMMIT. There are gaps between them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ci_reporter.hub.store.tables import Statement, Table, Value


class Kind(StrEnum):
    """What a change is of."""

    RUN = "run"
    STEPS = "steps"
    PUSH = "push"
    TAG = "tag"
    DEPLOYMENT = "deployment"


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that changed. `subject` is a run's `ci_run_id`, a branch, a tag, an environment, by kind.

    `branch` is the branch of the series that a run counts in. `was` and `became` are states of a run or deployment,
    or revisions of a branch or tag; they are equal where something else of a run changed. `body` has details.
    """

    kind: Kind
    repository: str
    subject: str
    number: int = 0
    at_ms: int = 0
    pipeline: str = ""
    branch: str = ""
    was: str | None = None
    became: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


_NEXT = "UPDATE change_number SET value = value + :count WHERE name = 'change' RETURNING value"
COLUMNS = ("number", "kind", "at_ms", "repository", "subject", "pipeline", "branch", "was", "became", "body")
_NEW = ", ".join(f"{name} {'bigint' if name in ('number', 'at_ms') else 'text'}" for name in COLUMNS)
_INSERT = f"INSERT INTO change ({', '.join(COLUMNS)}) SELECT {', '.join(COLUMNS)} FROM :new AS new"  # noqa: S608


def take_numbers(run: Statement, count: int) -> int:
    """The number before the first of `count` new ones. Nobody else changes anything until the transaction ends."""
    return int(run(_NEXT, count=count)[0][0]) - count


def insert_all(run: Statement, changes: Sequence[Change]) -> None:
    """Keep changes that have their numbers."""
    insert_rows(run, [_values(each) for each in changes])


def insert_rows(run: Statement, rows: Sequence[Sequence[Value]]) -> None:
    """Keep changes that are rows of `COLUMNS` already."""
    if rows:
        run(_INSERT, new=Table(_NEW, rows))


def change_of(row: Iterable[Any]) -> Change:
    """A change from a row of `COLUMNS`."""
    values = dict(zip(COLUMNS, row, strict=True))
    body = json.loads(values["body"]) if values["body"] else {}
    return Change(**values | {"kind": Kind(values["kind"]), "body": body})


def _values(change: Change) -> Sequence[Value]:
    body = json.dumps(change.body) if change.body else None
    named = {name: getattr(change, name) for name in COLUMNS} | {"kind": str(change.kind), "body": body}
    return list(named.values())
