"""The WAL goes back into the database file in a thread of its own, and stays below a cap.

A commit only appends to the WAL; without a checkpoint it grew to 1 GB in 6 s under load. SQLite's own checkpoint would
run within a commit, and every request would wait for it. Ours runs beside them: first PASSIVE, which moves most of the
pages and keeps nobody waiting, then TRUNCATE, which waits for the writer, moves the few that came since, and empties
the file. PASSIVE alone starves under load: it never finds a moment in which nobody reads the WAL's end.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import closing

from ci_reporter.errors import StoreError
from ci_reporter.hub.store.sqlite.opening import connect
from ci_reporter.hub.store.sqlite.reasons import store_error

CAP_BYTES = 64 * 1024**2
_LOOK_S = 0.1
_ONE_AT_A_TIME = threading.Lock()  # SQLite refuses the second at once, and the WAL would stay as large as it is
_log = logging.getLogger("ci_reporter.hub.store")


class Checkpointer:
    """The thread; `stop` ends it."""

    def __init__(self, path: str, cap_bytes: int = CAP_BYTES) -> None:
        self._path = path
        self._cap_bytes = cap_bytes
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for its end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        failed = False
        while not self._stopping.wait(_LOOK_S):
            if wal_bytes(self._path) < self._cap_bytes:
                continue
            try:
                checkpoint(self._path)
                failed = False
            except StoreError as exc:
                if not failed:
                    _log.warning("no checkpoint: %s", exc)
                failed = True


def wal_bytes(path: str) -> int:
    """The size of the WAL."""
    try:
        return os.stat(f"{path}-wal").st_size
    except OSError:
        return 0


def checkpoint(path: str) -> None:
    """Move the WAL into the database file, and empty it. Raises StoreError."""
    try:
        with _ONE_AT_A_TIME, closing(connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as exc:
        raise store_error(path, exc) from exc
