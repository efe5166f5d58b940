"""SQL with named values, `:name`, as PostgreSQL takes it: `$1` and a list.

PostgreSQL wants to know the type of each value, and may not find it out: that of `:name IS NULL` it cannot. So each
value brings its own, as in `$1::bigint`, and a value that is None is the word NULL. Of a `Table` each column is a list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from ci_reporter.hub.store.tables import Table

# What is quoted, a comment, and the cast `::` are no names.
_NAMES = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|--[^\n]*|::|:([a-z_][a-z0-9_]*)""")
_TYPES = {str: "::text", int: "::bigint", bool: "::bigint", float: "::double precision"}


def to_positional(sql: str, values: Mapping[str, object]) -> tuple[str, list[object]]:
    """The statement with numbers, and its values in their order; a list has the type that the statement gives it."""
    kinds = tuple((name, _kind(value)) for name, value in values.items())
    text, names = _number_names(sql, kinds)
    arguments: list[object] = []
    for name in names:
        value = values[name]
        columns = _columns(value) if isinstance(value, Table) else [value]
        arguments += [_plain(each) for each in columns]
    return text, arguments


def _kind(value: object) -> type | str | None:
    """What decides how a value is written: its type, the columns of a table, or that there is none."""
    if isinstance(value, Table):
        return value.columns
    return None if value is None else type(value)


def _columns(table: Table) -> Sequence[object]:
    return [list(column) for column in zip(*table.rows, strict=True)] or [[] for _ in table.names]


def _plain(value: object) -> object:
    """A value as asyncpg takes it; PostgreSQL knows no text with a NUL in it, so none is found or kept."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, bool) else value


@lru_cache(1024)
def _number_names(sql: str, kinds: tuple[tuple[str, type | str | None], ...]) -> tuple[str, tuple[str, ...]]:
    known = dict(kinds)
    first: dict[str, int] = {}
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        name = found[1]
        if name is None:
            return found[0]
        kind = known[name]
        if kind is None:
            return "NULL"
        if name not in first:
            first[name] = count + 1
            count += len(Table(kind, ()).names) if isinstance(kind, str) else 1
        return _unnest(kind, first[name]) if isinstance(kind, str) else f"${first[name]}{_TYPES.get(kind, '')}"

    return _NAMES.sub(number, sql), tuple(first)


def _unnest(columns: str, first: int) -> str:
    """The lists of a table's columns as rows."""
    table = Table(columns, ())
    lists = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(table.types, first))
    return f"(SELECT * FROM unnest({lists}) AS unnested ({', '.join(table.names)}))"  # noqa: S608
