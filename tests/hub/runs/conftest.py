"""An empty database."""

from __future__ import annotations

import pytest

from ci_reporter.hub.store.sqlite.store import SqliteStore


@pytest.fixture
def store(tmp_path):
    """An empty database."""
    found = SqliteStore(str(tmp_path / "hub.db"))
    yield found
    found.close()
