"""Many rows in one statement, as both databases understand it: `VALUES (:a_0, :b_0), (:a_1, :b_1)`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

# Few numbers of rows, so that the database has prepared each of these statements; and not too many rows in one, since
# SQLite looks for each name among all of them.
_AT_ONCE = (16, 4, 1)
_NAME = re.compile(r":([a-z_]+)")


def many(sql: str, row: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Statements, with their values, that together have all rows. `{rows}` in `sql` is where they go.

    `row` is one of them, such as `(:name, NULLIF(:branch, ''))`. A value is never None: it would be another statement.
    """
    at = 0
    while at < len(rows):
        count = next(each for each in _AT_ONCE if each <= len(rows) - at)
        text, names = _statement(sql, row, count)
        values: dict[str, Any] = {}
        for pairs, each in zip(names, rows[at : at + count], strict=True):
            for name, key in pairs:
                values[key] = each[name]
        yield text, values
        at += count


@lru_cache(64)
def _statement(sql: str, row: str, count: int) -> tuple[str, Sequence[Sequence[tuple[str, str]]]]:
    """The text, and for each row its names beside those in the text."""
    text = sql.replace("{rows}", ", ".join(_NAME.sub(rf":\1_{number}", row) for number in range(count)))
    names = dict.fromkeys(_NAME.findall(row))
    return text, [[(name, f"{name}_{number}") for name in names] for number in range(count)]
