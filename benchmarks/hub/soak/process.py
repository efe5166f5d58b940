"""The hub under test: started, watched from outside, killed when asked, and asked to stop in the end."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.hub.soak.systems import SECRET, Systems
from benchmarks.servers import SERVER, await_answer, free_port

_CONFIG = """
poll:
  interval: 10s
  targets:
    - {{ provider: github, url: "{github}", repositories: [acme/*], token_env: SOAK_TOKEN }}
    - {{ provider: gitlab, url: "{gitlab}", repositories: [acme/*], token_env: SOAK_TOKEN }}
    - {{ provider: gitea, url: "{gitea}", repositories: [acme/*], token_env: SOAK_TOKEN }}
    - {{ provider: jenkins, url: "{jenkins}", repositories: [team], token_env: SOAK_TOKEN, username: robot }}
alerts:
  - {{ name: main is red, on: pipeline, if: result == failure, then: webhook }}
  - {{ name: a step is red, if: result == failure, then: webhook }}
  - {{ name: stuck, on: pipeline, if: overdue != no, then: webhook }}
"""
_INSIDE = "CI_REPORTER_SOAK_INSIDE"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """How the process is now."""

    rss_mb: float
    cpu_s: float
    files: int
    threads: int
    database_mb: float
    wal_mb: float


class HubProcess:
    """`ci-reporter hub serve` with everything on."""

    def __init__(self, folder: Path, systems: Systems, *, database: str = "", inside: bool = False) -> None:
        self._folder, self._inside = folder, inside
        self.database = database or str(folder / "hub.db")
        self.url = f"http://{SERVER}:{free_port()}"
        self.log = folder / "hub.log"
        urls = {name: getattr(systems, name).url for name in ("github", "gitlab", "gitea", "jenkins")}
        (folder / "hub.yml").write_text(_CONFIG.format(**urls))
        self._env = dict(os.environ) | {
            "SOAK_TOKEN": systems.github.token,
            "CI_REPORTER_HUB_SECRETS": SECRET,
            "CI_REPORTER_HUB_WEBHOOK_SECRETS": SECRET,
            "CI_REPORTER_WEBHOOK_SECRET": SECRET,
            _INSIDE: str(folder / "inside.json"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def token(self) -> str:
        """A token that may see everything."""
        words = ("token", "create", "--name", "soak", "--scope", "admin", "--json", "--database", self.database)
        done = subprocess.run(
            [sys.executable, "-m", "ci_reporter", "hub", *words], env=self._env, check=True, capture_output=True
        )
        return str(json.loads(done.stdout)["token"])

    def start(self, channel_url: str, *more: str) -> None:
        """Start it, and wait until it is ready."""
        module = "benchmarks.hub.soak.inside" if self._inside else "ci_reporter"
        words = ("hub", "serve", "--listen", self.url.removeprefix("http://"), "--database", self.database)
        words += ("--config", str(self._folder / "hub.yml"), *more)
        env = self._env | {"CI_REPORTER_WEBHOOK": channel_url}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([sys.executable, "-m", module, *words], env=env, stderr=log)
        await_answer(self._process, f"{self.url}/readyz")

    def kill(self) -> None:
        """End it as a lack of memory does."""
        assert self._process
        self._process.kill()
        self._process.wait(30)

    def stop(self) -> tuple[int, float]:
        """Ask it to end: its exit code, and how long that took."""
        assert self._process
        began_s = time.monotonic()
        self._process.terminate()
        return self._process.wait(60), time.monotonic() - began_s

    def sample(self) -> Sample:
        """Its memory, its files, its database."""
        assert self._process
        proc = Path(f"/proc/{self._process.pid}")
        status = (proc / "status").read_text()
        fields = (proc / "stat").read_text().rpartition(")")[2].split()
        return Sample(
            rss_mb=_number(r"VmRSS:\s+(\d+)", status) / 1024,
            cpu_s=(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
            files=len(os.listdir(proc / "fd")),
            threads=int(_number(r"Threads:\s+(\d+)", status)),
            database_mb=_size_mb(self.database),
            wal_mb=_size_mb(f"{self.database}-wal"),
        )

    def looks_inside(self) -> Mapping[str, Any]:
        """What the process says of itself, where it was started so."""
        try:
            return dict(json.loads((self._folder / "inside.json").read_text()))
        except (OSError, ValueError):
            return {}

    def problems(self) -> list[str]:
        """What it has logged that is worse than information."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                level = json.loads(line).get("level", "")
            except ValueError:
                level = "error"
            if level.lower() not in ("info", "debug"):
                found.append(line)
        return found

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        return _sqlite_rows(self.database) if "://" not in self.database else asyncio.run(_postgres_rows(self.database))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        if "://" in self.database:
            return asyncio.run(_fetch(self.database, sql))
        with closing(_open(self.database)) as connection:
            return connection.execute(sql).fetchall()


def _open(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)


def _sqlite_rows(path: str) -> dict[str, int]:
    with closing(_open(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


async def _postgres_rows(url: str) -> dict[str, int]:
    names = await _fetch(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name: (await _fetch(url, f'SELECT count(*) FROM "{name}"'))[0][0] for (name,) in names}


async def _fetch(url: str, sql: str) -> list[tuple[Any, ...]]:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def _size_mb(path: str) -> float:
    try:
        return os.path.getsize(path) / 2**20
    except OSError:
        return 0.0
