"""The store on SQLite: what was written is there, once, and counted once; what cannot be written is one sentence."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.store import Written
from ci_reporter.hub.store.sqlite.checkpoint import wal_bytes
from ci_reporter.hub.store.sqlite.migrations import MIGRATIONS, VERSION, migrate
from ci_reporter.hub.store.sqlite.opening import open_for_reading, sound
from ci_reporter.hub.store.sqlite.reasons import store_error
from ci_reporter.hub.store.sqlite.store import SqliteStore


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "hub.db")


@pytest.fixture
def store(path):
    found = SqliteStore(path)
    yield found
    found.close()


def rows_of(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_a_database_without_wal_is_left_behind(path, make_row):
    store = SqliteStore(path)
    store.write([[make_row()]])
    store.close()
    assert wal_bytes(path) == 0
    sound(path)


def test_a_full_disk_is_one_sentence_and_passes(store, make_row):
    """A limit of pages is a full disk to SQLite: the same error, from the same place."""
    pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
    store._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    row = make_row(series=("new", "p", "j", "s", "main"), body=json.dumps("x" * 100_000))
    with pytest.raises(StoreError, match=r"hub\.db: the disk is full \(make room; the hub goes on by itself\)"):
        store.write([[row]])
    store._writer.execute("PRAGMA max_page_count = 100000")
    assert store.write([[row]]) == [Written(1, 0)]  # with a series that the failed transaction had taken back


def test_the_wal_stays_small(path, make_row, eventually):
    store = SqliteStore(path, wal_cap_bytes=100_000)
    for _ in range(20):
        store.write([[make_row(body=json.dumps("x" * 10_000)) for _ in range(10)]])
        assert wal_bytes(path) < 4 * 100_000 + 300_000
    eventually(lambda: wal_bytes(path) < 100_000, "a checkpoint")
    assert len(list(store.bodies())) == 200
    store.close()


def test_two_hubs_do_not_share_a_file(store, path):
    with pytest.raises(StoreError, match=r"another hub uses .*hub\.db"):
        SqliteStore(path)


def test_a_file_of_another_program_is_left_alone(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (a)")
    with pytest.raises(StoreError, match="is a SQLite database of another program"):
        SqliteStore(path)
    assert rows_of(path, "SELECT name FROM sqlite_master") == [("mine",)]


def test_a_file_that_is_no_database_is_one_sentence(tmp_path, path):
    (tmp_path / "hub.db").write_text("hello " * 1000)
    with pytest.raises(StoreError, match=r"hub\.db: it is not a SQLite database"):
        SqliteStore(path)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(StoreError, match=r"cannot use the hub's database .*: No such file or directory"):
        SqliteStore(str(tmp_path / "no" / "hub.db"))


def test_a_damaged_file_is_one_sentence(tmp_path, path, make_row):
    store = SqliteStore(path)
    store.write([[make_row(body=json.dumps("x" * 3_000)) for _ in range(100)]])
    store.close()
    content = bytearray((tmp_path / "hub.db").read_bytes())
    content[3 * 4096 : -4096] = b"\xff" * (len(content) - 4 * 4096)
    (tmp_path / "hub.db").write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        sound(path)
    with pytest.raises(StoreError, match=r"it is damaged .*ci-reporter hub restore"):
        list(SqliteStore(path).bodies())


def test_a_file_that_may_not_be_written_is_one_sentence(store, path):
    with closing(open_for_reading(path)) as connection, pytest.raises(sqlite3.Error) as raised:
        connection.execute("INSERT INTO latest VALUES (1, 'a', 1)")
    assert "hub.db: it may not be written" in str(store_error(path, raised.value))


def test_a_file_of_a_newer_version_is_one_sentence(path):
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StoreError, match=rf"newer ci-reporter \(schema {VERSION + 1}, and this one knows {VERSION}\)"):
        SqliteStore(path)


@pytest.mark.parametrize("older", range(1, VERSION + 1))
def test_a_file_of_an_older_version_keeps_its_data(path, make_row, older):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, MIGRATIONS[:older])
        connection.execute("INSERT INTO series VALUES (7, 'acme/shop', 'CI', 'unit', 'pytest', 'main')")
        connection.execute(
            "INSERT INTO report (report_id, series_id, at_ms, received_ms, result, duration_ms, body)"
            " VALUES ('old', 7, 1000, 1000, 'success', 1500, '{\"report_id\": \"old\"}')"
        )
        connection.execute("INSERT INTO latest (series_id, report_id, at_ms) VALUES (7, 'old', 1000)")
        connection.execute("INSERT INTO total (series_id, result, runs, duration_ms) VALUES (7, 'success', 1, 1500)")
    store = SqliteStore(path)
    assert store.write([[make_row("old"), make_row("new")]]) == [Written(1, 1)]
    assert [json.loads(body)["report_id"] for body in store.bodies()] == ["old", "new"]
    store.close()
    assert rows_of(path, "SELECT runs, duration_ms FROM total") == [(2, 2000)]
    assert rows_of(path, "PRAGMA user_version") == [(VERSION,)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(path):
    SqliteStore(path).close()
    broken = (*MIGRATIONS, "CREATE TABLE half (a); SELECT nonsense;")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, pytest.raises(sqlite3.Error):
        migrate(connection, path, broken)
    assert rows_of(path, "SELECT name FROM sqlite_master WHERE name = 'half'") == []
    assert rows_of(path, "PRAGMA user_version") == [(VERSION,)]


def test_closing_waits_for_a_transaction_of_another_thread(path):
    """SQLite crashes the process where a connection is closed that another thread is using."""
    store = SqliteStore(path)
    closer = threading.Thread(target=store.close)

    def work(run):
        closer.start()
        return [run("SELECT :number", number=number)[0][0] for number in range(2_000)]

    assert store.transact(work) == list(range(2_000))
    closer.join()
    with pytest.raises(StoreError):
        store.transact(lambda run: run("SELECT 1"))
