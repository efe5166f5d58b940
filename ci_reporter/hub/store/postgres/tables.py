"""The small tables on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypeVar

from ci_reporter.hub.store.postgres.connections import Connections
from ci_reporter.hub.store.postgres.parameters import to_positional
from ci_reporter.hub.store.tables import Statement, Table, Value

T = TypeVar("T")

# One transaction at a time, of all hubs, as in SQLite: what one has read stays true until it has written. A second
# reading of the same row, by another hub, would else count from the same number.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1667854952, 1)"


class PostgresTables:
    """The small tables."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def select(self, sql: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """What one SELECT finds; it waits for no writer. Raises StoreError."""
        text, arguments = to_positional(sql, values)
        return plain(self._connections.run(lambda connection: connection.fetch(text, *arguments)))

    def transact(self, work: Callable[[Statement], T]) -> T:
        """Run the work in one transaction, durable when this returns. Raises StoreError, and then nothing was kept.

        Only where the connection is lost in the very moment of the commit, it may have been kept all the same.
        """
        with self._connections.held() as connection, self._connections.transaction(connection):
            return work(self.statement(connection))

    def statement(self, connection: Any) -> Statement:
        """What runs statements within the transaction of a connection; from here on it is the only one."""
        self._connections.wait(lambda: connection.execute(_ONE_AT_A_TIME))

        def run(sql: str, /, **values: Value | Table) -> list[tuple[Any, ...]]:
            text, arguments = to_positional(sql, values)
            return plain(self._connections.wait(lambda: connection.fetch(text, *arguments)))

        return run


def plain(rows: Iterable[Iterable[Any]]) -> list[tuple[Any, ...]]:
    """Rows as SQLite gives them: the sum of whole numbers is whole."""
    return [tuple(_number(value) if isinstance(value, Decimal) else value for value in row) for row in rows]


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
