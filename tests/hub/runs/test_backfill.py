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

    old = str(tmp_path / "old.db")
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        migrate(connection, old, MIGRATIONS[:3])
        connection.execute("INSERT INTO series VALUES (7, 'acme/shop', 'CI', 'unit', 'pytest', 'main')")
        for row in rows:
            connection.execute("INSERT INTO report VALUES (?, 7, ?, ?, ?, ?, ?, ?, ?)", (row[0], *row[2:]))
    then = SqliteStore(old)
    expected, found = (record_at(each.select, "acme/shop", "github-1-1") for each in (now, then))
    now.close()
    then.close()
    assert found.state == "failure"
    assert found == replace(expected, link=None)
