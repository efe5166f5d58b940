"""A real PostgreSQL of Debian's, for the tests of one worker: a server on a Unix socket, and databases made in it."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from tests.conftest import eventually

# Nothing here is to survive the machine; what does, does without these.
_SEED = """
DO $$
DECLARE name TEXT;
BEGIN
  CREATE SCHEMA seed;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TABLE seed.%I AS TABLE %I', name, name);
  END LOOP;
END $$
"""
_EMPTY = """
DO $$
DECLARE name TEXT;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    IF to_regclass('seed.' || name) IS NULL THEN EXECUTE format('DROP TABLE %I', name);
    ELSE EXECUTE format('DELETE FROM %1$I; INSERT INTO %1$I OVERRIDING SYSTEM VALUE SELECT * FROM seed.%1$I', name);
    END IF;
  END LOOP;
END $$
"""
_QUICK = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "shared_buffers": "32MB"}


class Server:
    """The process. It refuses root, so under root it runs as Debian's user `postgres`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            found = pwd.getpwnam("postgres")
            os.chown(folder, found.pw_uid, found.pw_gid)
        options = ("--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust", "--username=hub")
        self._run("initdb", f"--pgdata={self._data}", *options)
        (self._data / "pg_hba.conf").write_text("local all guest scram-sha-256\nlocal all all trust\n")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def log(self) -> str:
        """What the server says."""
        return (self._folder / "log").read_text(errors="replace")

    def start(self, **settings: str) -> None:
        """Start it and wait until it answers."""
        words = [f"-c{name}={value}" for name, value in {**_QUICK, **settings}.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [tool("postgres"), "-D", self._data, "-k", self._folder, "-clisten_addresses=", *words],
                stdout=log,
                stderr=log,
                cwd="/",
                **self._user,
            )
        eventually(self._answers, f"PostgreSQL to answer, see {self._folder}/log")

    def stop(self, number: int = signal.SIGQUIT) -> None:
        """End it: by SIGQUIT at once, as a crash does; by SIGINT with a clean end."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait(30)

    def url(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql://hub@/{name}?host={self._folder}"

    def run(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """What a statement finds."""
        return query(self.url(database), sql)

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run([tool(name), *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", **self._user)

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log
        try:
            self.run("SELECT 1")
        except (OSError, asyncpg.PostgresError):
            return False
        return True


class Databases:
    """Databases of a server whose schema is up to date, and that are empty. One that was given back is used again.

    To make one takes ten times as long as to empty one, and a test needs the server for less than both.
    """

    def __init__(self, server: Server, bring_up_to_date: Callable[[str], None]) -> None:
        self._server, self._free, self._numbers = server, list[str](), count()
        server.run("CREATE DATABASE hub_empty")
        bring_up_to_date(server.url("hub_empty"))
        server.run(_SEED, "hub_empty")

    def take(self) -> str:
        """The URL of an empty database."""
        if self._free:
            name = self._free.pop()
            self._server.run(_EMPTY, name)
        else:
            name = f"hub{next(self._numbers)}"
            self._server.run(f"CREATE DATABASE {name} TEMPLATE hub_empty STRATEGY FILE_COPY")
        return self._server.url(name)

    def give_back(self, url: str) -> None:
        """Let others have it."""
        self._free.append(urlsplit(url).path[1:])


def tool(name: str) -> str:
    """A program of the server, which Debian keeps out of PATH; the newest version's."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    return str(found[-1]) if found else shutil.which(name) or name


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """What a statement finds in a database."""

    async def main() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(main())


@contextmanager
def server(**settings: str) -> Iterator[Server]:
    """A server that runs, and is stopped in the end; its folder has a short name, as that of a socket must."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        found = Server(Path(folder))
        try:
            found.start(**settings)
            yield found
        finally:
            found.stop()
