"""Every SQL statement of the PostgreSQL database that is not a migration and that both databases do not share.

A batch is an array for each column, unpacked by `unnest`: one statement a batch. COPY would be faster, and ends at the
first report that is known. The arrays are in the order of their keys: see batch.py.
"""

from __future__ import annotations

from ci_reporter.hub.store.queries import Dialect
from ci_reporter.hub.store.reading import Kind

SERIES_IDS = "SELECT name_hash, series_id FROM series WHERE name_hash = ANY($1::text[])"
INSERT_SERIES = """
INSERT INTO series (name_hash, repository, pipeline, ci_job, step, branch)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
ON CONFLICT DO NOTHING
"""

# RETURNING names the rows that are new; the others are known.
INSERT_REPORTS = """
INSERT INTO report (report_id, series_id, at_ms, received_ms, result, duration_ms, ci_run_id, revision, body,
                    environment, branch, has_gate, has_coverage, has_tests)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::text[],
                     $8::text[], $9::text[], $10::text[], $11::text[], $12::bool[], $13::bool[], $14::bool[])
ON CONFLICT DO NOTHING RETURNING report_id
"""

# The latest report of a series is the one that ended last, whichever came last.
UPDATE_LATEST = """
INSERT INTO latest (series_id, report_id, at_ms)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])
ON CONFLICT (series_id) DO UPDATE SET report_id = excluded.report_id, at_ms = excluded.at_ms
WHERE excluded.at_ms >= latest.at_ms
"""
_NOW = "pg_current_xact_id()::text::bigint"
ADD_TO_TOTALS = f"""
INSERT INTO total (series_id, result, runs, duration_ms, changed)
SELECT series_id, result, runs, duration_ms, {_NOW}
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) AS new (series_id, result, runs, duration_ms)
ON CONFLICT (series_id, result) DO UPDATE SET
  runs = total.runs + excluded.runs, duration_ms = total.duration_ms + excluded.duration_ms, changed = excluded.changed
"""  # noqa: S608
ADD_TO_DURATIONS = """
INSERT INTO duration (series_id, le_ms, runs)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
ON CONFLICT (series_id, le_ms) DO UPDATE SET runs = duration.runs + excluded.runs
"""

# What changed since a look. `xmin` is the oldest transaction that is still open: a later look begins there, so one that
# commits after its juniors is not overlooked; a series that is told of twice does no harm. Numbers from `xmax` on are
# of no transaction yet: a database that was restored elsewhere may have them.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
MOMENT = """
SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint FROM pg_current_snapshot() AS now
"""
CHANGED = "SELECT DISTINCT series_id FROM total WHERE changed >= $1 AND changed < $2"

# Of the series in an array, or of all where it is null.
SERIES_STATES = """
SELECT series.series_id, repository, pipeline, ci_job, step, series.branch, report.body, (
  SELECT earlier.body FROM report earlier
  WHERE earlier.series_id = series.series_id AND earlier.result = 'success' AND report.result <> 'success'
  ORDER BY earlier.at_ms DESC, earlier.report_id DESC LIMIT 1
)
FROM series LEFT JOIN latest ON latest.series_id = series.series_id
LEFT JOIN report ON report.report_id = latest.report_id
WHERE $1::bigint[] IS NULL OR series.series_id = ANY($1::bigint[])
ORDER BY series.series_id
"""
SERIES_TOTALS = """
SELECT series_id, result, runs, duration_ms FROM total WHERE $1::bigint[] IS NULL OR series_id = ANY($1::bigint[])
"""
SERIES_DURATIONS = """
SELECT series_id, le_ms, runs FROM duration WHERE $1::bigint[] IS NULL OR series_id = ANY($1::bigint[])
"""

CHECK = """
SELECT count(*), pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'
FROM (SELECT FROM series LIMIT 1) AS one
"""
BODIES = "SELECT body FROM report ORDER BY number"
UNHURRIED = "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0"

SERIES_WITH_REPORTS = "SELECT series_id FROM latest ORDER BY series_id"
NTH_NEWEST = "SELECT at_ms FROM report WHERE series_id = $1 ORDER BY at_ms DESC LIMIT 1 OFFSET $2"
# What another hub deletes at the moment is passed over.
DELETE_OLD = """
DELETE FROM report WHERE number IN (
  SELECT number FROM report WHERE series_id = $1 AND at_ms < $2 AND received_ms < $3 LIMIT $4 FOR UPDATE SKIP LOCKED
)
"""
# In two steps: DELETE alone, where it had to wait for a writer, would look for the writer's report in what there was
# before it, and not find it.
LOCK_LATEST = "SELECT 1 FROM latest WHERE series_id = $1 FOR UPDATE"
FORGET_LATEST = """
DELETE FROM latest WHERE series_id = $1 AND NOT EXISTS (SELECT 1 FROM report WHERE report_id = latest.report_id)
"""
TOUCH_TOTALS = f"UPDATE total SET changed = {_NOW} WHERE series_id = $1"  # noqa: S608

DIALECT = Dialect(
    place="r.number",
    series_id="wanted.series_id",
    environment="r.environment",
    branch="r.branch",
    kinds={
        Kind.GATE: "(r.environment IS NOT NULL OR r.has_gate) AND r.has_gate",
        Kind.DEPLOYMENT: "(r.environment IS NOT NULL OR r.has_gate) AND r.environment IS NOT NULL",
        Kind.COVERAGE: "r.has_coverage",
        Kind.TESTS: "r.has_tests",
    },
    one_of="{column} = ANY(CAST({value} AS {kind}[]))",
    reports_at="unnest(CAST({value} AS bigint[])) AS place (value) JOIN report r ON r.number = place.value",
    index="",
    in_pieces=True,
)
# The newest of some series: of each as many as are wanted of all, by its index, and then the newest of those.
NEWEST_OF_EACH = """
SELECT newest.* FROM unnest(CAST(:ids AS bigint[])) AS wanted (series_id)
CROSS JOIN LATERAL ({sql} LIMIT :piece) AS newest
ORDER BY at_ms DESC, report_id DESC LIMIT :piece
"""
