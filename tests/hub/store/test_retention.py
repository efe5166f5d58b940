"""What is kept: by age, and by the number of reports in a series."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ci_reporter.hub.store.sqlite.opening import connect
from ci_reporter.hub.store.sqlite.retention import Keep, sweep
from ci_reporter.hub.store.sqlite.store import SqliteStore

NOW_S = 1000.0


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "hub.db")


def series(name):
    return ("acme/shop", "CI", name, "pytest", "main")


@pytest.fixture
def left(path, make_row):
    """The (job, time) of what is left of these, after a sweep."""

    def find(keep, *rows):
        store = SqliteStore(path)
        store.write([[make_row(series=series(job), at_ms=at_s * 1000) for job, at_s in rows]])
        with closing(connect(path)) as connection:
            list(sweep(connection, keep, NOW_S))
            store.close()
            query = "SELECT ci_job, at_ms / 1000 FROM report JOIN series USING (series_id) ORDER BY 1, 2"
            return connection.execute(query).fetchall()

    return find


def test_what_is_older_goes(left):
    assert left(Keep(age_s=100), ("a", 899), ("a", 900), ("b", 950)) == [("a", 900), ("b", 950)]


def test_the_newest_of_each_series_stay(left):
    assert left(Keep(runs=2), *(("a", at) for at in (1, 2, 3, 4)), ("b", 1)) == [("a", 3), ("a", 4), ("b", 1)]


def test_the_stricter_of_both_counts(left):
    assert left(Keep(age_s=100, runs=3), ("a", 1), ("a", 2), ("a", 950)) == [("a", 950)]


def test_more_than_one_transaction_can_delete_goes(left):
    rows = [("a", 1)] * 1200 + [("a", 999)]
    assert left(Keep(age_s=100), *rows) == [("a", 999)]


def test_a_series_without_reports_is_not_shown_and_counts_on(left, path, make_row):
    left(Keep(age_s=100), ("a", 1))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM latest").fetchall() == []
        assert connection.execute("SELECT runs FROM total").fetchall() == [(1,)]
    store = SqliteStore(path)
    store.write([[make_row(series=series("a"))]])
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT runs FROM total").fetchall() == [(2,)]


def test_a_hub_deletes_old_reports_by_itself(path, make_row, eventually):
    store = SqliteStore(path)
    store.write([[make_row(at_ms=1000)]])
    store.close()
    store = SqliteStore(path, keep=Keep(age_s=60))
    eventually(lambda: not list(store.bodies()), "the first sweep")
    store.close()
