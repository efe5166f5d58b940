"""Reports of before there were runs make the same runs as they would now."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

from ci_reporter.hub.runs.reading import record_at
from ci_reporter.hub.runs.steps import keep_runs
from ci_reporter.hub.store.sqlite.migrations import MIGRATIONS, migrate
from ci_reporter.hub.store.sqlite.store import SqliteStore


def test_reports_of_an_older_file_make_the_runs_that_they_would_make_now(tmp_path, make_row):
    flat = {"provider": "github", "pipeline_id": 1, "attempt": "1", "branch": "main", "actor": "ada", "change": None}
    bodies = [{**flat, "report_id": "a", "coverage_pct": 80.5}, {**flat, "report_id": "b", "environment": "production"}]
    results = ("success", "failure")
    rows = [
        make_row(body["report_id"], at_ms=at_ms, result=result, body=json.dumps(body))
        for at_ms, result, body in zip((4_000, 3_000), results, bodies, strict=True)
    ]
    now = SqliteStore(str(tmp_path / "now.db"))
    keep_runs(now)
    now.write([rows])

    old = _old_file(tmp_path, [("acme/shop", row) for row in rows])
    then = SqliteStore(old)
    expected, found = (record_at(each.select, "acme/shop", "github-1-1") for each in (now, then))
    now.close()
    then.close()
    assert found.state == "failure"
    assert found == replace(expected, link=None)


def test_runs_of_several_repositories_may_have_one_id(tmp_path, make_row, caplog):
    places = ("acme/shop", "acme/shop", "acme/cart")
    rows = [(place, make_row(f"r{at}", ci_run_id="12", body="{}")) for at, place in enumerate(places)]
    rows += [("acme/cart", make_row("r9", ci_run_id="13", body="{}"))]
    store = SqliteStore(_old_file(tmp_path, rows))
    found = store.select("SELECT repository, ci_run_id, steps_success FROM run ORDER BY 1, 2")
    store.close()
    assert found == [("acme/cart", "12", 1), ("acme/cart", "13", 1), ("acme/shop", "12", 2)]
    assert "is brought from schema 3 to" in caplog.text


def _old_file(folder, rows):
    """A database of the third schema, with rows of repositories."""
    path = str(folder / "old.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, MIGRATIONS[:3])
        for repository in {each for each, _ in rows}:
            sql = "INSERT INTO series (repository, pipeline, ci_job, step, branch) VALUES (?, 'CI', 'a', 'b', 'main')"
            connection.execute(sql, (repository,))
        for repository, row in rows:
            sql = "INSERT INTO report SELECT ?, series_id, ?, ?, ?, ?, ?, ?, ? FROM series WHERE repository = ?"
            connection.execute(sql, (row[0], *row[2:], repository))
    return path
