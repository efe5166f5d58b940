"""Every SQL statement of the SQLite database that is not a migration.

A batch is one JSON text, unpacked by `json_each`: one call a batch, in which Python's lock is free for the server. That
was 1.4 times as fast as `executemany`, which comes back to Python for each row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ci_reporter.hub.store.reading import Kind, Selection

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
SELECT series.series_id, repository, pipeline, ci_job, step, branch, body
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

# ---- What the API reads. Values are always parameters; what is put together here are fixed texts.

_STORED = """
r.report_id, s.repository, s.pipeline, s.ci_job, s.step, s.branch,
r.at_ms, r.received_ms, r.result, r.duration_ms, r.ci_run_id, r.revision, r.body
"""
_WITHOUT_BODY = _STORED.replace("r.body", "''")
_VISIBLE = "s.repository IN (SELECT value FROM json_each(:visible))"
_NEWEST_FIRST = "ORDER BY r.at_ms DESC, r.report_id DESC LIMIT :count"

_KINDS = {
    Kind.ANY: (),
    # Of two reports of one millisecond the one with the lower id is first, as in the order of a page.
    Kind.FIRST_OF_RUN: (
        "r.ci_run_id IS NOT NULL",
        """NOT EXISTS (
          SELECT 1 FROM report o INDEXED BY report_of_run JOIN series t ON t.series_id = o.series_id
          WHERE o.ci_run_id = r.ci_run_id AND o.at_ms <= r.at_ms
            AND (o.at_ms < r.at_ms OR o.report_id < r.report_id)
            AND t.repository = (SELECT repository FROM series WHERE series_id = r.series_id))""",
    ),
    Kind.GATE: ("json_type(r.body, '$.gate') = 'object'",),
    Kind.DEPLOYMENT: ("json_type(r.body, '$.environment') = 'text'",),
    Kind.COVERAGE: (
        "(json_type(r.body, '$.coverage_pct') IN ('integer', 'real') OR json_type(r.body, '$.coverage') = 'object')",
    ),
    Kind.TESTS: ("json_type(r.body, '$.tests') = 'object'",),
}
_OF_DEPLOY = "(json_type(r.body, '$.environment') = 'text' OR json_type(r.body, '$.gate') = 'object')"
_SERIES_NAMES = ("repository", "pipeline", "ci_job", "step", "branch")
FOLDED = ("other", "pull_request")  # branches that many branches' reports are under: see metrics.folded_branch


def series_ids(selection: Selection, *, folded: bool) -> str:
    """The series that a selection names; `folded`: those that hold the reports of a branch that is not one itself."""
    return f"SELECT s.series_id FROM series s {_where(_of_series(selection, folded=folded))}"  # noqa: S608


class Plan(NamedTuple):
    """How reports are found: of all series, by the branch in the report, after a position."""

    all_series: bool = False
    folded: bool = False
    after: bool = False


def newest_of_series(selection: Selection, plan: Plan) -> str:
    """Time, id and row of a series' reports, newest first, from the index alone."""
    wanted = ["r.series_id = :series_id", *_times(selection), *([_AFTER] if plan.after else [])]
    return f"""SELECT r.at_ms, r.report_id, r.rowid FROM report r INDEXED BY report_of_series {_where(wanted)}
      ORDER BY r.at_ms DESC, r.report_id DESC"""  # noqa: S608


def those_of_rows(selection: Selection, kind: Kind, plan: Plan) -> str:
    """Those of some rows that are asked for, newest first."""
    wanted = [*_bounds(selection, plan), *_KINDS[kind]]
    return f"""SELECT {_STORED} FROM json_each(:rows) place CROSS JOIN report r ON r.rowid = place.value
      JOIN series s ON s.series_id = r.series_id {_where(wanted)} ORDER BY r.at_ms DESC, r.report_id DESC"""  # noqa: S608


def page(selection: Selection, kind: Kind, plan: Plan) -> str:
    """Reports, newest first, by going through all of them by time; gates and deploys have an index of their own."""
    wanted = [*_bounds(selection, plan), *_KINDS[kind]]
    index = "report_by_time"
    if kind in (Kind.GATE, Kind.DEPLOYMENT):
        index, wanted = "report_of_deploy", [_OF_DEPLOY, *wanted]
    elif selection.ci_run_id is not None:
        index = "report_of_run"
    if not plan.all_series:
        wanted.append("r.series_id IN (SELECT value FROM json_each(:ids))")
    return f"""SELECT {_STORED} FROM report r INDEXED BY {index} JOIN series s ON s.series_id = r.series_id
      {_where(wanted)} {_NEWEST_FIRST}"""  # noqa: S608


def points(selection: Selection, plan: Plan) -> str:
    """Time, result and duration of reports, newest first."""
    wanted = _bounds(selection, plan)
    index = "report_by_time" if plan.all_series else "report_of_series"
    wanted += [] if plan.all_series else ["r.series_id IN (SELECT value FROM json_each(:ids))"]
    return f"""SELECT r.at_ms, r.result, r.duration_ms FROM report r INDEXED BY {index} {_where(wanted)}
      ORDER BY r.at_ms DESC LIMIT :count"""  # noqa: S608


def report(*, visible: bool) -> str:
    """A report by its id."""
    wanted = ["r.report_id = :report_id", *([_VISIBLE] if visible else [])]
    return f"SELECT {_STORED} FROM report r JOIN series s USING (series_id) {_where(wanted)}"  # noqa: S608


def steps_of_run(*, bodies: bool) -> str:
    """The reports of a run of a repository, oldest first."""
    return f"""
      SELECT {_STORED if bodies else _WITHOUT_BODY} FROM report r INDEXED BY report_of_run
      JOIN series s ON s.series_id = r.series_id
      WHERE r.ci_run_id = :ci_run_id AND s.repository = :repository
      ORDER BY r.at_ms, r.report_id LIMIT :count"""  # noqa: S608


def repositories_of_run(*, visible: bool) -> str:
    """Where there is a run of an id."""
    wanted = ["r.ci_run_id = :ci_run_id", *([_VISIBLE] if visible else [])]
    return f"""SELECT DISTINCT s.repository FROM report r INDEXED BY report_of_run JOIN series s USING (series_id)
      {_where(wanted)} ORDER BY 1 LIMIT 100"""  # noqa: S608


def series(selection: Selection, *, after: bool) -> str:
    """Series by their names."""
    names = ", ".join(f"s.{name}" for name in _SERIES_NAMES)
    following = f"({names}) > ({', '.join(f':after_{name}' for name in _SERIES_NAMES)})"
    wanted = [*_of_series(selection, folded=False), *([following] if after else [])]
    return f"SELECT s.series_id, {names} FROM series s {_where(wanted)} ORDER BY {names} LIMIT :count"  # noqa: S608


LAST_OF_SERIES = f"""
SELECT {_WITHOUT_BODY} FROM report r INDEXED BY report_of_series JOIN series s USING (series_id)
WHERE r.series_id = ? ORDER BY r.at_ms DESC, r.report_id DESC LIMIT ?
"""  # noqa: S608
RUN_IDS_OF_ROWS = """
SELECT r.ci_run_id FROM json_each(?) place CROSS JOIN report r ON r.rowid = place.value ORDER BY place.key
"""
TOTALS = "SELECT series_id, result, runs FROM total WHERE series_id IN (SELECT value FROM json_each(?))"


def pipelines(selection: Selection, *, after: bool) -> str:
    """Repository, pipeline and branch, each once."""
    names = "s.repository, s.pipeline, s.branch"
    following = f"({names}) > (:after_repository, :after_pipeline, :after_branch)"
    wanted = [*_of_series(selection, folded=False), *([following] if after else [])]
    return f"SELECT DISTINCT {names} FROM series s {_where(wanted)} ORDER BY {names} LIMIT :count"  # noqa: S608


def _of_series(selection: Selection, *, folded: bool) -> list[str]:
    named = [name for name in _SERIES_NAMES if getattr(selection, name) is not None]
    wanted = [f"s.{name} = :{name}" for name in named if name != "branch"]
    if "branch" in named:
        wanted.append(f"s.branch IN {FOLDED}" if folded else "s.branch = :branch")
    return wanted + ([] if selection.visible is None else [_VISIBLE])


_BOUNDS = {
    "result": "r.result = :result",
    "since_ms": "r.at_ms >= :since_ms",
    "until_ms": "r.at_ms < :until_ms",
    "ci_run_id": "r.ci_run_id = :ci_run_id",
    "environment": "json_extract(r.body, '$.environment') = :environment",
}
_AFTER = "r.at_ms <= :after_ms AND (r.at_ms < :after_ms OR r.report_id < :after_id)"


def _bounds(selection: Selection, plan: Plan) -> list[str]:
    wanted = [text for name, text in _BOUNDS.items() if getattr(selection, name) is not None]
    wanted += [_AFTER] if plan.after else []
    return wanted + (["json_extract(r.body, '$.branch') = :branch"] if plan.folded else [])


def _times(selection: Selection) -> list[str]:
    return [_BOUNDS[name] for name in ("since_ms", "until_ms") if getattr(selection, name) is not None]


def _where(wanted: Iterable[str]) -> str:
    texts = list(wanted)
    return f"WHERE {' AND '.join(texts)}" if texts else ""


SERIES_WITH_REPORTS = "SELECT series_id FROM latest"
NTH_NEWEST = "SELECT at_ms FROM report WHERE series_id = ? ORDER BY at_ms DESC LIMIT 1 OFFSET ?"
DELETE_OLD = """
DELETE FROM report WHERE rowid IN (SELECT rowid FROM report WHERE series_id = ? AND at_ms < ? LIMIT ?)
"""
FORGET_LATEST = """
DELETE FROM latest WHERE series_id = ? AND NOT EXISTS (SELECT 1 FROM report WHERE report_id = latest.report_id)
"""
