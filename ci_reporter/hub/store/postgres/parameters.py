"""SQL with named values, `:name`, as PostgreSQL takes it: `$1` and a list.

PostgreSQL wants to know the type of each value, and may not find it out: that of `:name IS NULL` it cannot. So each
value brings its own, as in `$1::bigint`, and a value that is None is the word NULL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

# What is quoted, a comment, and the cast `::` are no names.
_NAMES = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|--[^\n]*|::|:([a-z_][a-z0-9_]*)""")
_TYPES = {str: "::text", int: "::bigint", bool: "::bigint", float: "::double precision"}


def numbered(sql: str, values: Mapping[str, object]) -> tuple[str, list[object]]:
    """The statement with numbers, and its values in their order; a list has the type that the statement gives it."""
    kinds = tuple((name, None if value is None else type(value)) for name, value in values.items())
    text, names = _numbered(sql, kinds)
    return text, [_plain(values[name]) for name in names]


def _plain(value: object) -> object:
    """A value as asyncpg takes it; PostgreSQL knows no text with a NUL in it, so none is found or kept."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, bool) else value


@lru_cache(1024)
def _numbered(sql: str, kinds: tuple[tuple[str, type | None], ...]) -> tuple[str, tuple[str, ...]]:
    known = dict(kinds)
    order: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return found[0]
        kind = known[name]
        return "NULL" if kind is None else f"${order.setdefault(name, len(order) + 1)}{_TYPES.get(kind, '')}"

    return _NAMES.sub(number, sql), tuple(order)
