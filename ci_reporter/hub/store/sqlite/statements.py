"""Every SQL statement of the SQLite database that is not a migration and that both databases do not share.

A batch is one JSON text, unpacked by `json_each`: one call a batch, in which Python's lock is free for the server. That
was 1.4 times as fast as `executemany`, which comes back to Python for each row.
"""

from __future__ import annotations

from ci_reporter.hub.store.queries import Dialect
from ci_reporter.hub.store.reading import Kind

# 'cirh' as a number: `file` and we can tell the database from one of another program.
APPLICATION_ID = 0x63697268

CONNECT = """
PRAGMA busy_timeout = 10000;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -8192;
PRAGMA wal_autocheckpoint = 0;
"""

INSERT_SERIES = """
INSERT INTO series (repository, pipeline, ci_job, step, branch) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
SERIES_ID = """
SELECT series_id FROM series WHERE repository = ? AND pipeline = ? AND ci_job = ? AND step = ? AND branch = ?
"""

# RETURNING names the rows that are new; the others are known. `WHERE true` keeps SQLite from reading ON as a join's.
INSERT_REPORTS = """
INSERT INTO report (report_id, series_id, at_ms, received_ms, result, duration_ms, ci_run_id, revision, body)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
       json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]')
FROM json_each(?) WHERE true
ON CONFLICT DO NOTHING RETURNING report_id
"""

# The latest report of a series is the one that ended last, whichever came last.
UPDATE_LATEST = """
INSERT INTO latest (series_id, report_id, at_ms)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
FROM json_each(?) WHERE true
ON CONFLICT (series_id) DO UPDATE SET report_id = excluded.report_id, at_ms = excluded.at_ms
WHERE excluded.at_ms >= latest.at_ms
"""

ADD_TO_TOTALS = """
INSERT INTO total (series_id, result, runs, duration_ms)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]')
FROM json_each(?) WHERE true
ON CONFLICT (series_id, result) DO UPDATE SET
  runs = runs + excluded.runs, duration_ms = duration_ms + excluded.duration_ms
"""

ADD_TO_DURATIONS = """
INSERT INTO duration (series_id, le_ms, runs)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
FROM json_each(?) WHERE true
ON CONFLICT (series_id, le_ms) DO UPDATE SET runs = runs + excluded.runs
"""

# Of the series in a JSON array, or of all where it is null.
SERIES_STATES = """
SELECT series.series_id, repository, pipeline, ci_job, step, branch, report.body, (
  SELECT earlier.body FROM report earlier
  WHERE earlier.series_id = series.series_id AND earlier.result = 'success' AND report.result <> 'success'
  ORDER BY earlier.at_ms DESC, earlier.report_id DESC LIMIT 1
)
FROM series LEFT JOIN latest ON latest.series_id = series.series_id
LEFT JOIN report ON report.report_id = latest.report_id
WHERE ?1 IS NULL OR series.series_id IN (SELECT value FROM json_each(?1))
ORDER BY series.series_id
"""
SERIES_TOTALS = """
SELECT series_id, result, runs, duration_ms FROM total
WHERE ?1 IS NULL OR series_id IN (SELECT value FROM json_each(?1))
"""
SERIES_DURATIONS = """
SELECT series_id, le_ms, runs FROM duration WHERE ?1 IS NULL OR series_id IN (SELECT value FROM json_each(?1))
"""

CHECK = "SELECT 1 FROM series LIMIT 1"
BODIES = "SELECT body FROM report ORDER BY rowid"

_OF_DEPLOY = "(json_type(r.body, '$.environment') = 'text' OR json_type(r.body, '$.gate') = 'object')"

DIALECT = Dialect(
    place="r.rowid",
    series_id=":series_id",
    environment="json_extract(r.body, '$.environment')",
    branch="json_extract(r.body, '$.branch')",
    kinds={
        Kind.GATE: f"{_OF_DEPLOY} AND json_type(r.body, '$.gate') = 'object'",
        Kind.DEPLOYMENT: f"{_OF_DEPLOY} AND json_type(r.body, '$.environment') = 'text'",
        Kind.COVERAGE: """(json_type(r.body, '$.coverage_pct') IN ('integer', 'real')
          OR json_type(r.body, '$.coverage') = 'object')""",
        Kind.TESTS: "json_type(r.body, '$.tests') = 'object'",
    },
    one_of="{column} IN (SELECT value FROM json_each({value}))",
    reports_at="json_each({value}) place CROSS JOIN report r ON r.rowid = place.value",
    index="INDEXED BY {name}",
    in_pieces=False,
)

SERIES_WITH_REPORTS = "SELECT series_id FROM latest"
NTH_NEWEST = "SELECT at_ms FROM report WHERE series_id = ? ORDER BY at_ms DESC LIMIT 1 OFFSET ?"
DELETE_OLD = """
DELETE FROM report WHERE rowid IN (
  SELECT rowid FROM report WHERE series_id = ? AND at_ms < ? AND received_ms < ? LIMIT ?
)
"""
FORGET_LATEST = """
DELETE FROM latest WHERE series_id = ? AND NOT EXISTS (SELECT 1 FROM report WHERE report_id = latest.report_id)
"""
