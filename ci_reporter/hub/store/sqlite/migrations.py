"""The schema, as the steps that lead to it. A step is never changed once it was released; a new one is added.

`PRAGMA user_version` is the number of steps that a file has been through. There is no way back: restore a backup.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence

from ci_reporter.errors import StoreError
from ci_reporter.hub.store import schema
from ci_reporter.hub.store.sqlite.backfill import with_reports
from ci_reporter.hub.store.sqlite.statements import APPLICATION_ID

_log = logging.getLogger("ci_reporter.hub.store")

_1_REPORTS = """
CREATE TABLE series (
  series_id INTEGER PRIMARY KEY,
  repository TEXT NOT NULL, pipeline TEXT NOT NULL, ci_job TEXT NOT NULL, step TEXT NOT NULL, branch TEXT NOT NULL,
  UNIQUE (repository, pipeline, ci_job, step, branch)
);
CREATE TABLE report (
  report_id TEXT NOT NULL UNIQUE,
  series_id INTEGER NOT NULL REFERENCES series,
  at_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  result TEXT NOT NULL,
  duration_ms INTEGER,
  ci_run_id TEXT,
  revision TEXT,
  body TEXT NOT NULL
);
CREATE INDEX report_of_series ON report (series_id, at_ms);
CREATE TABLE latest (
  series_id INTEGER PRIMARY KEY REFERENCES series,
  report_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL
);
CREATE TABLE total (
  series_id INTEGER NOT NULL REFERENCES series,
  result TEXT NOT NULL,
  runs INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  PRIMARY KEY (series_id, result)
) WITHOUT ROWID;
"""

# What the JSON API reads by: time, run, and the few reports among all that are of a deploy. With the id in it, the
# index of a series has the order of its reports without a look at them.
_2_READING = """
DROP INDEX report_of_series;
CREATE INDEX report_of_series ON report (series_id, at_ms, report_id);
CREATE INDEX report_by_time ON report (at_ms);
CREATE INDEX report_of_run ON report (ci_run_id, at_ms) WHERE ci_run_id IS NOT NULL;
CREATE INDEX report_of_deploy ON report (at_ms)
WHERE json_type(body, '$.environment') = 'text' OR json_type(body, '$.gate') = 'object';
"""

# The histogram of each series' durations: how many took at most `le_ms` and more than the bound below it; 0: longer.
_3_DURATIONS = """
CREATE TABLE duration (
  series_id INTEGER NOT NULL REFERENCES series,
  le_ms INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  PRIMARY KEY (series_id, le_ms)
) WITHOUT ROWID;
INSERT INTO duration
SELECT series_id, CASE
  WHEN duration_ms <= 1000 THEN 1000 WHEN duration_ms <= 5000 THEN 5000
  WHEN duration_ms <= 15000 THEN 15000 WHEN duration_ms <= 30000 THEN 30000
  WHEN duration_ms <= 60000 THEN 60000 WHEN duration_ms <= 120000 THEN 120000
  WHEN duration_ms <= 300000 THEN 300000 WHEN duration_ms <= 600000 THEN 600000
  WHEN duration_ms <= 1200000 THEN 1200000 WHEN duration_ms <= 1800000 THEN 1800000
  WHEN duration_ms <= 3600000 THEN 3600000 WHEN duration_ms <= 7200000 THEN 7200000
  ELSE 0 END, count(*)
FROM report WHERE duration_ms IS NOT NULL GROUP BY 1, 2;
"""

MIGRATIONS = (_1_REPORTS, _2_READING, _3_DURATIONS, *map(with_reports, schema.MIGRATIONS))
VERSION = len(MIGRATIONS)


def version(connection: sqlite3.Connection) -> int:
    """How many steps the file has been through."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(connection: sqlite3.Connection, path: str, newest: int = VERSION) -> None:
    """Raises StoreError for a file of a newer version."""
    if (found := version(connection)) > newest:
        raise StoreError(
            f"{path} was written by a newer ci-reporter (schema {found}, and this one knows {newest}):"
            " upgrade this one, or restore a backup from before the upgrade"
        )


def migrate(connection: sqlite3.Connection, path: str, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring the file up to date, each step whole or not at all. Raises StoreError for a file of a newer version."""
    check_version(connection, path, len(migrations))
    found, to = version(connection), len(migrations)
    if 0 < found < to:
        # Half a minute for a million reports; the server begins to listen after it.
        _log.warning("%s is brought from schema %d to %d; the hub answers when that is done", path, found, to)
    for number in range(found, to):
        # executescript commits what is open before it, so the transaction is part of the script.
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number + 1};"
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {migrations[number]} {marks} COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
