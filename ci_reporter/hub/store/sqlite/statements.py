"""Every SQL statement of the SQLite database that is not a migration.

A batch is one JSON text, unpacked by `json_each`: one call a batch, in which Python's lock is free for the server. That
was 1.4 times as fast as `executemany`, which comes back to Python for each row.
"""

from __future__ import annotations

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

CHECK = "SELECT 1 FROM series LIMIT 1"
BODIES = "SELECT body FROM report ORDER BY rowid"
