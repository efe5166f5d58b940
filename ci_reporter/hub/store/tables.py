"""The small tables beside the reports (tokens, targets, alerts ...): SQL that every database of ours understands.

Values are named, `:name`. What both dialects have is used and nothing else: TEXT, BIGINT and DOUBLE PRECISION, keys
that are text or are made by us, `INSERT ... ON CONFLICT ... DO UPDATE`, `RETURNING`. In `DO UPDATE SET n = pair.n + 1`
the table is named, and a statement that failed ends its transaction. A step of the schema writes TEXT in capitals: it
is made to be compared byte by byte. Reports are many, and have statements of each dialect's own.

Many rows are one value, a `Table`. The statement has its name where a table's name may be:

    pairs = Table("name text, count bigint", [("a", 1), ("b", None)])
    run("INSERT INTO pair (name, count) SELECT name, count FROM :pairs AS new WHERE true", pairs=pairs)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

T = TypeVar("T")
Value = str | int | float | None


class Table(NamedTuple):
    """Many rows as one value. `columns` has their names and types: `text`, `bigint`, `double precision`."""

    columns: str
    rows: Sequence[Sequence[Value]]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [each.split()[0] for each in self.columns.split(", ")]

    @property
    def types(self) -> list[str]:
        """The types of the columns."""
        return [each.split(None, 1)[1] for each in self.columns.split(", ")]


# Changes nothing that counts: numbers of changes may have gaps.
TRIAL = "UPDATE change_number SET value = value + 1 WHERE name = 'change'"


class Statement(Protocol):
    """Runs one statement with its values, and gives the rows of its answer."""

    def __call__(self, sql: str, /, **values: Value | Table) -> list[tuple[Any, ...]]:
        """Raises StoreError, or the database's error within a transaction, which then is rolled back."""


class Tables(Protocol):
    """Any thread may call both; each call waits for the database, so the event loop calls them beside itself."""

    def select(self, sql: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """What one SELECT finds; it waits for no writer. Raises StoreError."""

    def transact(self, work: Callable[[Statement], T]) -> T:
        """Run the work in one transaction, durable when this returns. Raises StoreError, and then nothing was kept."""
