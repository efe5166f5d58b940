"""What is kept: by age, and by the number of reports in a series."""

from __future__ import annotations

import pytest

from ci_reporter.hub.store.opening import open_store
from ci_reporter.hub.store.retention import Keep, sweep

NOW_S = 1000.0
DAY_MS = 86_400_000
LONG_AGO_MS = -2 * DAY_MS


def series(name):
    return ("acme/shop", "CI", name, "pytest", "main")


@pytest.fixture
def left(store, make_row):
    """The (job, time) of what is left of these, after a sweep."""

    def find(keep, *rows):
        store.write([[make_row(series=series(job), at_ms=at_s * 1000, received_ms=LONG_AGO_MS) for job, at_s in rows]])
        with store.reports() as reports:
            list(sweep(reports, keep, NOW_S))
        return store.select("SELECT ci_job, at_ms / 1000 FROM report JOIN series USING (series_id) ORDER BY 1, 2")

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


def test_a_report_stays_for_a_day_after_it_came_and_is_known_when_it_is_sent_again(store, make_row):
    rows = [make_row(at_ms=1, received_ms=each - DAY_MS) for each in (999_000, 1_000_000)]
    store.write([rows])
    with store.reports() as reports:
        list(sweep(reports, Keep(age_s=100), NOW_S))
    assert [tuple(each) for each in store.write([rows[1:]])] == [(0, 1)]
    assert store.select("SELECT count(*) FROM report") == [(1,)]


def test_a_series_without_reports_is_not_shown_and_counts_on(left, store, make_row):
    left(Keep(age_s=100), ("a", 1))
    assert store.select("SELECT * FROM latest") == []
    assert store.select("SELECT runs FROM total") == [(1,)]
    assert [(state.body, dict(state.runs)) for state in store.states()] == [(None, {"success": 1})]
    store.write([[make_row(series=series("a"))]])
    assert store.select("SELECT runs FROM total") == [(2,)]


def test_a_hub_deletes_old_reports_by_itself(database, make_row, eventually):
    store = open_store(database)
    store.write([[make_row(at_ms=1000)]])
    store.close()
    store = open_store(database, keep=Keep(age_s=60))
    eventually(lambda: not list(store.bodies()), "the first sweep")
    store.close()
