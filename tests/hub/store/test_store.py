"""The store: what was written is there, once, and counted once, in each kind of database."""

from __future__ import annotations

import json
import threading

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.store import Written
from ci_reporter.hub.store.opening import bodies, open_store


def test_a_report_is_there_after_a_restart(database, make_row):
    store = open_store(database)
    store.write([[make_row("a", body='{"report_id": "a"}')]])
    store.close()
    assert list(bodies(database)) == ['{"report_id": "a"}']


def test_each_request_hears_what_was_new_and_what_was_known(store, make_row):
    store.write([[make_row("a")]])
    answers = store.write([[make_row("a"), make_row("b")], [make_row("b"), make_row("c")], [make_row("d")]])
    assert answers == [Written(1, 1), Written(1, 1), Written(1, 0)]


def test_a_report_that_is_twice_in_one_request_is_one_record(store, make_row):
    assert store.write([[make_row("a"), make_row("a")]]) == [Written(1, 1)]
    assert len(list(store.bodies())) == 1


def test_the_latest_report_is_the_one_that_ended_last(store, make_row):
    store.write([[make_row("late", at_ms=30), make_row("later", at_ms=40)]])
    store.write([[make_row("early", at_ms=10)]])
    assert store.select("SELECT report_id, at_ms FROM latest") == [("later", 40)]


def test_a_report_that_comes_twice_is_counted_once(store, make_row):
    for _ in range(2):
        store.write(
            [[make_row("a", duration_ms=500), make_row("b", duration_ms=None), make_row("c", result="failure")]]
        )
    assert store.select("SELECT result, runs, duration_ms FROM total ORDER BY result") == [
        ("failure", 1, 500),
        ("success", 2, 500),
    ]


@pytest.mark.parametrize("text", ["\u0000", "😀", "日本", "a'b\"c", "\u202e", "x" * 400 + "é" * 400], ids=ascii)
def test_any_text_comes_back_as_it_was(store, make_row, text):
    body = json.dumps({"job_name": text, "environment": text})
    label = text.replace("\0", " ")
    store.write([[make_row(body=body, series=(label, label, label, "s", "main"))]])
    assert list(store.bodies()) == [body]
    assert store.select("SELECT ci_job FROM series") == [(label,)]


def test_a_row_that_no_database_takes_does_not_keep_others_out(store, make_row):
    bad = make_row(result=None)  # NOT NULL
    first, second = store.write([[make_row("a")], [bad]])
    assert first == Written(1, 0)
    assert isinstance(second, StoreError)


def test_the_changed_series_are_those_that_were_written_to(store, make_row):
    store.write([[make_row(series=("r", "p", job, "s", "main")) for job in "ab"]])
    assert len(store.changed_series()) == 2
    assert store.changed_series() == frozenset()
    store.write([[make_row(series=("r", "p", "b", "s", "main"))]])
    (changed,) = store.changed_series()
    assert store.select("SELECT ci_job FROM series WHERE series_id = :changed", changed=changed) == [("b",)]


def test_reports_are_read_at_one_moment_while_others_are_written(store, make_row):
    store.write([[make_row() for _ in range(600)]])
    found = store.bodies()
    first = next(found)
    store.write([[make_row()]])
    assert len([first, *found]) == 600


def test_writers_at_the_same_time_count_each_report_once(store, make_row):
    """All write the same reports of the same series, each in another order."""
    rows = [make_row(f"r{number}", series=("r", "p", f"j{number % 7}", "s", "main")) for number in range(60)]
    stored = []

    def write(turn):
        for at in range(0, 60, 10):
            first = (at + 10 * turn) % 60
            (written,) = store.write([rows[first : first + 10][:: 1 if turn % 2 else -1]])
            stored.append(written.stored)

    threads = [threading.Thread(target=write, args=(turn,)) for turn in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(stored) == 60
    assert store.select("SELECT sum(runs) FROM total") == [(60,)]
    assert store.select("SELECT sum(runs) FROM duration") == [(60,)]


def test_a_trial_writes_and_leaves_no_trace_that_counts(store):
    before = store.select("SELECT count(*) FROM change")
    store.try_to_write()
    assert store.select("SELECT count(*) FROM change") == before
