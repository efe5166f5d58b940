"""The schema, as the steps that lead to it. A step is never changed once it was released; a new one is added.

The table `hub_schema` has how many steps of each list the database has been through. Several hubs may start at once:
one at a time goes on. There is no way back: restore a backup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ci_reporter.errors import StoreError
from ci_reporter.hub.store import schema

# Text is compared byte by byte, as in SQLite: pages go by it, whatever the language of the database.
#
# `environment`, `branch` and `has_…` are what the JSON API looks for in a report. PostgreSQL could look into `body`
# itself, but refuses any text with \u0000 in it, which JSON may have.
#
# No series is ever deleted, so nothing needs a foreign key, which is looked up for each row. `name_hash` stands for the
# five names, which together may be longer than an index takes.
#
# `changed` is the transaction that changed a series last: see statements.CHANGED.
_1_REPORTS = """
CREATE TABLE series (
  series_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name_hash TEXT NOT NULL UNIQUE,
  repository TEXT NOT NULL, pipeline TEXT NOT NULL, ci_job TEXT NOT NULL, step TEXT NOT NULL, branch TEXT NOT NULL
);
CREATE INDEX series_of_repository ON series (repository);
CREATE TABLE report (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  report_id TEXT NOT NULL UNIQUE,
  series_id BIGINT NOT NULL,
  at_ms BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  result TEXT NOT NULL,
  duration_ms BIGINT,
  ci_run_id TEXT,
  revision TEXT,
  body TEXT NOT NULL,
  environment TEXT,
  branch TEXT,
  has_gate BOOLEAN NOT NULL, has_coverage BOOLEAN NOT NULL, has_tests BOOLEAN NOT NULL
);
CREATE INDEX report_of_series ON report (series_id, at_ms, report_id);
CREATE INDEX report_by_time ON report (at_ms, report_id);
CREATE INDEX report_of_run ON report (ci_run_id, at_ms) WHERE ci_run_id IS NOT NULL;
CREATE INDEX report_of_deploy ON report (at_ms, report_id) WHERE environment IS NOT NULL OR has_gate;
CREATE TABLE latest (
  series_id BIGINT PRIMARY KEY,
  report_id TEXT NOT NULL,
  at_ms BIGINT NOT NULL
) WITH (fillfactor = 70);
CREATE TABLE total (
  series_id BIGINT NOT NULL,
  result TEXT NOT NULL,
  runs BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  PRIMARY KEY (series_id, result)
) WITH (fillfactor = 70);
CREATE TABLE duration (
  series_id BIGINT NOT NULL,
  le_ms BIGINT NOT NULL,
  runs BIGINT NOT NULL,
  PRIMARY KEY (series_id, le_ms)
) WITH (fillfactor = 70);
"""

LISTS: Mapping[str, Sequence[str]] = {"reports": (_1_REPORTS,), "tables": schema.MIGRATIONS}

# 'cirh' as a number: the lock of our schema among others' advisory locks of the database.
_LOCK = "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(1667854952, 0)"
_VERSIONS = "CREATE TABLE IF NOT EXISTS hub_schema (list TEXT PRIMARY KEY, steps BIGINT NOT NULL)"
_MARK = "INSERT INTO hub_schema VALUES ($1, $2) ON CONFLICT (list) DO UPDATE SET steps = excluded.steps"
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
_TEXT = re.compile(r"\bTEXT\b")


async def migrate(connection: Any, name: str, lists: Mapping[str, Sequence[str]] = LISTS) -> None:
    """Bring the database up to date, each step whole or not at all.

    Raises StoreError for one of a newer version and for another program's, and asyncpg's errors.
    """
    async with connection.transaction():
        await connection.execute(_LOCK)
        await _check_ours(connection, name)
        await connection.execute(_VERSIONS)
        known = await _versions(connection)
        _check_known(known, name, lists)
    for key, steps in lists.items():
        for number in range(known.get(key, 0), len(steps)):
            async with connection.transaction():
                await connection.execute(_LOCK)
                if (await _versions(connection)).get(key, 0) == number:  # else another hub was here first
                    await connection.execute(bytewise(steps[number]))
                    await connection.execute(_MARK, key, number + 1)


def bytewise(step: str) -> str:
    """A step with each column of text compared byte by byte."""
    return _TEXT.sub('TEXT COLLATE "C"', step)


async def _versions(connection: Any) -> dict[str, int]:
    return dict(await connection.fetch("SELECT list, steps FROM hub_schema"))


async def _check_ours(connection: Any, name: str) -> None:
    """A database of another program is left as it is; an empty one is ours to be."""
    if await connection.fetchval("SELECT to_regclass('hub_schema')") is None and await connection.fetchval(_TABLES):
        raise StoreError(f"{name} has tables of another program (make a database for the hub: createdb NAME)")


def _check_known(known: Mapping[str, int], name: str, lists: Mapping[str, Sequence[str]]) -> None:
    for key, found in known.items():
        to = len(lists.get(key, ()))
        if found > to:
            raise StoreError(
                f"{name} was written by a newer ci-reporter (schema {key} {found}, and this one knows {to}):"
                " upgrade this one, or restore a backup from before the upgrade"
            )
