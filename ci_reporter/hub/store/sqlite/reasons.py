"""An error of SQLite as the words for a person, with the way out."""

from __future__ import annotations

import sqlite3

from ci_reporter.errors import StoreError
from ci_reporter.hub.store.batch import RefusedError

_WORDS = {
    "SQLITE_FULL": "the disk is full (make room; the hub goes on by itself)",
    "SQLITE_READONLY": "it may not be written (check its permissions, its folder's, and how the disk is mounted)",
    "SQLITE_CORRUPT": "it is damaged (stop the hub, and restore a backup: ci-reporter hub restore)",
    "SQLITE_NOTADB": "it is not a SQLite database (name another file)",
    "SQLITE_CANTOPEN": "it cannot be opened (check that its folder exists and may be written)",
    "SQLITE_IOERR": "the disk cannot be read or written",
    "SQLITE_BUSY": "another process holds it (stop that one)",
    "SQLITE_PERM": "it may not be opened (check its permissions)",
}


def store_error(path: str, error: sqlite3.Error) -> StoreError:
    """Our error for one of SQLite's; an extended code, such as SQLITE_READONLY_DIRECTORY, means its first part.

    An error that is not of the whole database is a row's or a statement's: RefusedError.
    """
    name = getattr(error, "sqlite_errorname", None) or ""
    words = next((text for code, text in _WORDS.items() if name.startswith(code)), None)
    kind = StoreError if words else RefusedError
    found = kind(f"cannot use the hub's database {path}: {words or error}")
    found.__cause__ = error
    return found
