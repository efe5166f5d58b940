"""The small tables: a transaction is kept whole or not at all, and a read waits for no writer."""

from __future__ import annotations

import threading

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.store.tables import Table

_ADD = "INSERT INTO pair (name, count) VALUES (:name, :count) ON CONFLICT (name) DO UPDATE SET count = excluded.count"
_ALL = "SELECT name, count FROM pair ORDER BY name"


@pytest.fixture(autouse=True)
def pairs(store):
    store.transact(lambda run: run("CREATE TABLE pair (name TEXT PRIMARY KEY, count BIGINT)"))


def test_what_was_written_is_read(store):
    store.transact(lambda run: run(_ADD, name="a", count=2**40))
    assert store.select(_ALL) == [("a", 2**40)]


def test_the_work_gives_its_value(store):
    assert store.transact(lambda run: run(_ADD + " RETURNING count", name="a", count=1)) == [(1,)]


def test_values_are_of_any_kind_that_fits(store):
    sql = "SELECT name, count, CAST(count AS DOUBLE PRECISION) / :part FROM pair WHERE :any IS NULL OR name = :any"
    store.transact(lambda run: run(_ADD, name="a:b 'c' ::d", count=3))
    assert store.select(sql, part=2, any=None) == [("a:b 'c' ::d", 3, 1.5)]
    assert store.select(sql, part=0.5, any="x") == []


def test_many_rows_are_one_value(store):
    add = "INSERT INTO pair (name, count) SELECT name, count FROM :new AS new WHERE name <> :not ON CONFLICT DO NOTHING"
    rows = [("a 'b'", 2**40), ("é", None), ("no", 1), ("é", 2)]
    store.transact(lambda run: run(add, new=Table("name text, count bigint", rows), **{"not": "no"}))
    store.transact(lambda run: run(add, new=Table("name text, count bigint", []), **{"not": "no"}))
    assert store.select(_ALL) == [("a 'b'", 2**40), ("é", None)]


def test_the_sum_of_whole_numbers_is_whole(store):
    store.transact(lambda run: [run(_ADD, name=name, count=2**40) for name in "ab"])
    assert repr(store.select("SELECT sum(count), count(*), max(name) FROM pair")) == "[(2199023255552, 2, 'b')]"


def test_text_is_in_the_order_of_its_characters(store):
    names = ["B", "_", "a", "é", "日"]
    store.transact(lambda run: [run(_ADD, name=name, count=1) for name in reversed(names)])
    assert [name for name, _ in store.select(_ALL)] == names


def test_work_that_raises_leaves_nothing(store):
    def half(run):
        run(_ADD, name="a", count=1)
        raise KeyError("half way")

    with pytest.raises(KeyError):
        store.transact(half)
    assert store.select(_ALL) == []


def test_a_statement_that_fails_is_a_store_error_and_leaves_nothing(store):
    def wrong(run):
        run(_ADD, name="a", count=1)
        run("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreError, match="nowhere"):
        store.transact(wrong)
    assert store.select(_ALL) == []


def test_a_read_waits_for_no_writer(store):
    seen = []

    def slow(run):
        run(_ADD, name="a", count=1)
        reader = threading.Thread(target=lambda: seen.append(store.select(_ALL)))
        reader.start()
        reader.join(10)

    store.transact(slow)
    assert seen == [[]]


def test_transactions_of_many_threads_wait_for_each_other(store, make_row):
    def count_up(run):
        before = run("SELECT count FROM pair WHERE name = 'a'")
        run(_ADD, name="a", count=before[0][0] + 1 if before else 1)

    def work():
        for _ in range(20):
            store.transact(count_up)
            store.write([[make_row()]])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert store.select(_ALL) == [("a", 80)]


def test_what_follows_of_a_row_is_written_with_it_once(store, make_row):
    store.also_write(lambda run, rows: [run(_ADD, name=row.report_id, count=1) for row in rows])
    row = make_row()
    store.write([[row, row]])
    store.write([[row]])
    assert store.select(_ALL) == [(row.report_id, 1)]


def test_a_row_is_not_kept_without_what_follows_of_it(store, make_row):
    store.also_write(lambda run, rows: [run("INSERT INTO nowhere VALUES (1)")])
    (outcome,) = store.write([[make_row()]])
    assert isinstance(outcome, StoreError)
    assert list(store.bodies()) == []
