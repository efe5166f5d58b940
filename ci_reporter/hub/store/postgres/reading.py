"""Reads of PostgreSQL: by connections of the pool, and with a time limit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ci_reporter.hub.store.postgres import statements
from ci_reporter.hub.store.postgres.connections import Connections
from ci_reporter.hub.store.postgres.parameters import to_positional
from ci_reporter.hub.store.queries import Queries
from ci_reporter.hub.store.reader import LIMIT_S, Newest, Reader, Values
from ci_reporter.hub.store.reading import TooLongError

_LARGEST_PIECE = 1000
_QUERIES = Queries(statements.DIALECT)


def open_reading(connections: Connections, limit_s: float = LIMIT_S) -> Reader:
    """A reader for one thread at a time. Raises StoreError."""
    return Reader(PostgresConnection(connections, limit_s), _QUERIES)


class PostgresConnection:
    """What reads, for one thread at a time; it has a connection of the pool only while it asks."""

    def __init__(self, connections: Connections, limit_s: float) -> None:
        self._connections, self._limit_s = connections, limit_s
        self._until_s = float("inf")

    def close(self) -> None:
        """There is nothing to let go of."""

    @contextmanager
    def time_limit(self) -> Iterator[None]:
        """All that is asked within has one time limit. Raises TooLongError."""
        self._until_s = time.monotonic() + self._limit_s
        yield

    def rows(self, sql: str, values: Values) -> list[Any]:
        """What a statement finds."""
        return self.each(sql, [values])[0]

    def each(self, sql: str, values: Sequence[Values]) -> list[list[Any]]:
        """What a statement finds for each of some values."""

        async def ask(connection: Any) -> list[list[Any]]:
            found = []
            for each in values:
                text, arguments = to_positional(sql, each)
                found.append([tuple(row) for row in await self._fetch(connection, text, arguments)])
            return found

        return self._connections.run_once(ask) if values else []

    def newest(self, ids: Sequence[int], sql: str, values: Values) -> Newest:
        """Time, id and place of the reports of these series, newest first, in pieces that become larger."""
        text = statements.NEWEST_OF_EACH.format(sql=sql)
        known, size = dict(values), int(str(values["count"]))
        while found := self.rows(text, {**known, "ids": ids, "piece": size}):
            yield from found
            if len(found) < size:
                return
            known["after_ms"], known["after_id"], _ = found[-1]
            size = min(2 * size, _LARGEST_PIECE)

    async def _fetch(self, connection: Any, text: str, arguments: Sequence[object]) -> Any:
        left_s = self._until_s - time.monotonic()
        try:
            if left_s <= 0:
                raise TimeoutError
            return await connection.fetch(text, *arguments, timeout=None if left_s == float("inf") else left_s)
        except TimeoutError as exc:
            raise TooLongError(f"the answer takes more than {self._limit_s:g} s") from exc
