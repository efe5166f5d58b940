"""Open the database file: ours, sound, of a version that we know, and not in another hub's hands."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing

from ci_reporter.errors import StoreError
from ci_reporter.hub.store.sqlite.migrations import VERSION, check_version, migrate, version
from ci_reporter.hub.store.sqlite.reasons import store_error
from ci_reporter.hub.store.sqlite.statements import APPLICATION_ID, CONNECT

if sys.platform != "win32":  # there nobody is kept from starting two hubs on one file
    import fcntl

_OLDEST_SQLITE = (3, 35, 0)  # the first with RETURNING


def open_for_writing(path: str) -> sqlite3.Connection:
    """A connection that may write, in WAL mode, its schema up to date; makes the file. Raises StoreError."""
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StoreError(f"the hub needs SQLite 3.35 or newer, and this Python has {sqlite3.sqlite_version}")
    check_file(path)
    _make_private(path)
    try:
        connection = connect(path, "rwc")
        try:
            _check_ours(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as exc:
        raise store_error(path, exc) from exc
    return connection


def open_for_reading(path: str) -> sqlite3.Connection:
    """A connection that reads a file that is there. Raises StoreError."""
    check_is_there(path)
    try:
        connection = connect(path, "ro")
        try:
            _check_ours(connection, path)
            check_version(connection, path)
            if (found := version(connection)) != VERSION:
                raise StoreError(
                    f"{path} has schema {found}, and this ci-reporter works with {VERSION}"
                    " (start the hub once: it brings an older file up to date)"
                )
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as exc:
        raise store_error(path, exc) from exc
    return connection


def check_is_there(path: str) -> None:
    """Raises StoreError where there is no such file."""
    if not os.path.exists(path):
        raise StoreError(f"there is no {path} (name the hub's database: option --database)")
    check_file(path)


def check_file(path: str) -> None:
    """Refuse a pipe, which SQLite would wait for without end, and other devices. Raises StoreError."""
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise StoreError(f"{path} is not a file (name the hub's database: option --database)")


def sound(path: str, shown: str = "") -> None:
    """Read the whole file and compare it with its indexes. Raises StoreError for the first damage.

    `shown` is the file that a person knows, where this is a copy of it.
    """
    try:
        with closing(connect(path, "ro")) as connection:
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as exc:
        raise store_error(shown or path, exc) from exc
    if said != "ok":
        raise StoreError(f"{shown or path} is damaged: {said.splitlines()[-1]}")


class Lock:
    """One hub a file, held until the process ends: two would be slower than one, and a restore must not meet a hub."""

    def __init__(self, path: str) -> None:
        self._fd = -1
        if sys.platform == "win32":
            return
        try:
            self._fd = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise StoreError(f"cannot use the hub's database {path}: {exc.strerror} ({path}-lock)") from exc
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            self.release()
            raise StoreError(f"another hub uses {path} (stop that one, or name another file)") from exc

    def release(self) -> None:
        """Let others have the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def connect(path: str, mode: str = "rw") -> sqlite3.Connection:
    """A connection to a file of ours, as every thread of the hub has one. Raises sqlite3.Error."""
    from urllib.parse import quote

    connection = sqlite3.connect(
        f"file:{quote(os.path.abspath(path))}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.executescript(CONNECT)
    return connection


def _make_private(path: str) -> None:
    """Make the file for our user alone; SQLite gives the WAL beside it the same permissions."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        pass  # SQLite says better what is wrong


def _check_ours(connection: sqlite3.Connection, path: str) -> None:
    """A file of another program is left as it is; an empty one is ours to be."""
    empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not empty and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreError(f"{path} is a SQLite database of another program (name another file)")
