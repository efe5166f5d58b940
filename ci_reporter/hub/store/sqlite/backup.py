"""Backups: a sound copy of a database that may be in use, and a copy that takes a database's place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ci_reporter.errors import StoreError
from ci_reporter.hub.store.sqlite.opening import Lock, check_file, check_is_there, connect, open_for_writing, sound
from ci_reporter.hub.store.sqlite.reasons import store_error
from ci_reporter.system.files import hidden_name, sync_folder, unlink

_NOT_WRITTEN = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE")


def back_up(path: str, to: str) -> None:
    """Copy the database at one moment to a new file, while a hub may go on writing. Raises StoreError."""
    check_is_there(path)
    if os.path.exists(to) and os.path.samefile(path, to):
        # A hub that runs would go on writing to the file that was there, which nobody could find any more.
        raise StoreError(f"{to} is the database itself (name another file for the backup)")
    with _new_file(to) as copy:
        _copy(path, copy, to)
        sound(copy, path)


def restore(backup: str, path: str, *, replace: bool = False) -> None:
    """Put a backup in the place of the database, once it is known to be sound and ours. Raises StoreError."""
    if not os.path.exists(backup):
        raise StoreError(f"there is no {backup} (name a file that `ci-reporter hub backup` has written)")
    check_file(backup)
    if os.path.exists(path) and not replace:
        raise StoreError(f"{path} is there already (--replace puts the backup in its place; back it up first)")
    lock = Lock(path)
    try:
        with _new_file(path) as copy:
            _copy(backup, copy, path)
            sound(copy, backup)
            open_for_writing(copy).close()  # brings it up to date; refuses another program's, and a newer version's
            for ending in ("-wal", "-shm"):  # of the database that goes: they would be read as the new one's
                unlink(f"{path}{ending}")
    finally:
        lock.release()


@contextmanager
def _new_file(path: str) -> Iterator[str]:
    """The name of a file that takes its place at `path` when all went well."""
    copy = hidden_name(path)
    try:
        yield copy
        with open(copy, "rb") as written:
            os.fsync(written.fileno())
        os.replace(copy, path)
        sync_folder(os.path.dirname(os.path.abspath(path)))
    except OSError as exc:
        raise StoreError(f"cannot write {path}: {exc.strerror or exc}") from exc
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            unlink(f"{copy}{ending}")


def _copy(source: str, target: str, shown: str) -> None:
    """Copy a database; `shown` is what a person calls the target."""
    try:
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with closing(connect(source, "ro")) as reading, closing(sqlite3.connect(target)) as writing:
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode = DELETE")  # one file, without a WAL beside it
    except sqlite3.Error as exc:
        # The source is only read, so whatever cannot be written is the copy.
        if exc.sqlite_errorname.startswith(_NOT_WRITTEN):
            why = "the disk is full" if exc.sqlite_errorname == "SQLITE_FULL" else "the disk does not take it"
            raise StoreError(f"cannot write {shown}: {why}") from exc
        raise store_error(source, exc) from exc
