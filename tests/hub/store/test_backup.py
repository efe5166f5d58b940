"""Backups are sound copies of one moment, and a restore never leaves half a database."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import stat
from contextlib import closing

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.store.sqlite.backup import back_up, restore
from ci_reporter.hub.store.sqlite.migrations import VERSION
from ci_reporter.hub.store.sqlite.store import SqliteStore, bodies


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "hub.db")


@pytest.fixture
def copy(tmp_path):
    return str(tmp_path / "copy.db")


def filled(path, make_row, *ids):
    store = SqliteStore(path)
    store.write([[make_row(each) for each in ids]])
    return store


def ids_of(path):
    return [json.loads(body)["report_id"] for body in bodies(path)]


def test_a_backup_of_a_hub_that_runs_has_all_that_was_acknowledged(path, copy, make_row):
    store = filled(path, make_row, "a", "b")
    back_up(path, copy)
    store.write([[make_row("c")]])
    store.close()
    assert (ids_of(copy), ids_of(path)) == (["a", "b"], ["a", "b", "c"])


def test_a_backup_is_one_file_for_its_owner_alone(path, copy, make_row, tmp_path):
    store = filled(path, make_row, "a")
    back_up(path, copy)
    store.close()
    assert sorted(each.name for each in tmp_path.glob("copy*")) == ["copy.db"]
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


def test_a_backup_does_not_take_the_place_of_the_database(path, make_row):
    store = filled(path, make_row, "a")
    with pytest.raises(StoreError, match="the database itself"):
        back_up(path, path)
    store.write([[make_row("b")]])
    store.close()
    assert ids_of(path) == ["a", "b"]


def test_a_pipe_is_not_waited_for(copy, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="is not a file"):
        back_up(str(tmp_path / "pipe"), copy)
    with pytest.raises(StoreError, match="is not a file"):
        list(bodies(str(tmp_path / "pipe")))


def test_a_backup_takes_the_place_of_an_older_one(path, copy, make_row):
    for each in ("a", "b"):
        filled(path, make_row, each).close()
        back_up(path, copy)
    assert ids_of(copy) == ["a", "b"]


def test_a_restored_database_is_as_it_was(path, copy, make_row):
    filled(path, make_row, "a").close()
    back_up(path, copy)
    filled(path, make_row, "b").close()
    restore(copy, path, replace=True)
    assert ids_of(path) == ["a"]
    filled(path, make_row, "c").close()
    assert ids_of(path) == ["a", "c"]


def test_a_database_is_not_replaced_by_mistake(path, copy, make_row):
    filled(path, make_row, "a").close()
    back_up(path, copy)
    with pytest.raises(StoreError, match=r"hub\.db is there already \(--replace"):
        restore(copy, path)


def test_a_database_in_use_is_not_replaced(path, copy, make_row):
    store = filled(path, make_row, "a")
    back_up(path, copy)
    with pytest.raises(StoreError, match="another hub uses"):
        restore(copy, path, replace=True)
    store.close()


def test_what_is_not_sound_is_not_restored(path, copy, make_row, tmp_path):
    filled(path, make_row, "a").close()
    (tmp_path / "copy.db").write_text("not a database " * 1000)
    with pytest.raises(StoreError, match="it is not a SQLite database"):
        restore(copy, path, replace=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy.db", "hub.db", "hub.db-lock"]
    assert ids_of(path) == ["a"]


def test_a_backup_of_a_newer_version_is_not_restored(path, copy, make_row):
    filled(copy, make_row, "a").close()
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StoreError, match="newer ci-reporter"):
        restore(copy, path)


def test_a_backup_of_nothing_is_one_sentence(path, copy):
    with pytest.raises(StoreError, match=r"there is no .*hub\.db"):
        back_up(path, copy)


def test_a_backup_that_cannot_be_written_is_blamed_on_its_own_disk_and_leaves_nothing(path, copy, make_row, tmp_path):
    store = filled(path, make_row, *map(str, range(2000)))
    store.close()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(StoreError, match=r"^cannot write .*/copy\.db: the disk"):
            back_up(path, copy)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not [each.name for each in tmp_path.iterdir() if "copy" in each.name]


def test_damage_is_said_of_the_file_that_one_has_named(path, copy, make_row):
    filled(path, make_row, *map(str, range(2000))).close()
    with open(path, "r+b") as file:
        file.seek(4096 * 40)
        file.write(b"\xff" * 4096 * 20)
    with pytest.raises(StoreError, match=r"^[^.]*/hub\.db[: ].*is damaged"):
        back_up(path, copy)
    with pytest.raises(StoreError, match=r"^[^.]*/hub\.db[: ].*is damaged"):
        restore(path, copy)


def test_a_reader_of_a_newer_file_is_told_to_upgrade(path, make_row):
    filled(path, make_row, "a").close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StoreError, match="newer ci-reporter"):
        list(bodies(path))
