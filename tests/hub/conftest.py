"""What the hub's tests share: rows, and databases of both kinds."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ci_reporter.hub.store import Row
from ci_reporter.hub.store.opening import open_store
from tests.hub import postgres as servers

_NUMBERS = itertools.count()
KINDS = ("sqlite", "postgres")


def make_row(report_id: str = "", **more: object) -> Row:
    """Make the row of a step that went well, with an id of its own."""
    report_id = report_id or f"0198c0de-0000-7000-8000-{next(_NUMBERS):012d}"
    known = {
        "report_id": report_id,
        "series": ("acme/shop", "CI", "unit", "pytest", "main"),
        "at_ms": 1_000,
        "received_ms": 2_000,
        "result": "success",
        "duration_ms": 500,
        "ci_run_id": "github-1-1",
        "revision": "c0ffee",
        "body": f'{{"report_id": "{report_id}"}}',
    }
    return Row(**{**known, **more})


@pytest.fixture(name="make_row")
def _make_row() -> Callable[..., Row]:
    return make_row


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Server]:
    """A PostgreSQL that runs."""
    with servers.server() as found:
        yield found


@pytest.fixture(scope="session")
def postgres_databases(postgres: servers.Server) -> servers.Databases:
    """Empty databases in it: `postgres_databases.take()`."""
    return servers.Databases(postgres, lambda url: open_store(url).close())


@pytest.fixture(scope="session")
def make_database(request: pytest.FixtureRequest) -> Callable[[str, Path], str]:
    """Name a new database of a kind, for the option --database: a file in a folder, or a PostgreSQL's URL."""

    def make(kind: str, folder: Path) -> str:
        if kind == "sqlite":
            return str(folder / "hub.db")
        return request.getfixturevalue("postgres_databases").take()

    return make


@pytest.fixture(params=KINDS)
def database(
    request: pytest.FixtureRequest, make_database: Callable[[str, Path], str], tmp_path: Path
) -> Iterator[str]:
    """A new database of each kind."""
    databases = request.getfixturevalue("postgres_databases") if request.param == "postgres" else None
    found = make_database(request.param, tmp_path)
    yield found
    if databases:
        databases.give_back(found)


@pytest.fixture
def store(database: str) -> Iterator[object]:
    """An open store of each kind. Its small tables are `store.select` and `store.transact`."""
    found = open_store(database)
    yield found
    found.close()
