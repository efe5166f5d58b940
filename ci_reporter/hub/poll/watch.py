"""The poller alone: no server and no database that stays. What it sees is on a board, the last run of each pipeline."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from ci_reporter.hub.poll.ledger import Told
from ci_reporter.hub.poll.poller import Poller, World
from ci_reporter.hub.runs.merge import merge
from ci_reporter.hub.runs.run import Key, Run
from ci_reporter.hub.settings.poll import Poll
from ci_reporter.hub.store.sqlite.store import SqliteStore
from ci_reporter.hub.upstream.meter import Meter

_MOST_RUNS = 20_000
_LOOK_S = 0.05


class Board:
    """The runs that were seen. `fresh` are those that changed since it was asked last."""

    def __init__(self) -> None:
        self._runs: dict[Key, Run] = {}
        self._fresh: dict[Key, None] = {}
        self.meter = Meter()
        self.poller: Poller | None = None

    def add(self, runs: Iterable[Run]) -> None:
        """Take in what was seen."""
        for run in runs:
            known = self._runs.pop(run.key, None)
            self._runs[run.key] = found = merge(known, run) if known else run
            if found != known:
                self._fresh[run.key] = None
        while len(self._runs) > _MOST_RUNS:
            self._runs.pop(next(iter(self._runs)))

    def fresh(self) -> list[Run]:
        """The runs that are not as they were at the last call."""
        found = [self._runs[key] for key in self._fresh if key in self._runs]
        self._fresh.clear()
        return found

    def latest(self) -> list[Run]:
        """The last run of each pipeline and branch, the youngest first."""
        found: dict[tuple[str, str, str], Run] = {}
        for run in self._runs.values():
            at = (run.key.repository, run.pipeline, f"#{run.change}" if run.change else run.branch or run.tag or "")
            if at not in found or _begun(run) >= _begun(found[at]):
                found[at] = run
        return sorted(found.values(), key=_begun, reverse=True)

    def series(self) -> list[Run]:
        """The last run of each pipeline and branch, all changes of a pipeline as one."""
        found: dict[tuple[str, str, str], Run] = {}
        for run in reversed(self.latest()):
            found[run.key.repository, run.pipeline, "" if run.change else run.branch or ""] = run
        return list(found.values())

    def told(self) -> Mapping[str, Told]:
        """Of each target, when it was last looked at and what is wrong."""
        return self.poller.told() if self.poller else {}

    def is_complete(self) -> bool:
        """Whether every target was looked at, with or without success."""
        told = self.told()
        return bool(told) and all(each.looked_ms or each.problem for each in told.values())


@asynccontextmanager
async def watching(poll: Poll, environ: Mapping[str, str]) -> AsyncIterator[Board]:
    """A board that a poller fills. Raises UsageError, StoreError."""
    with tempfile.TemporaryDirectory(prefix="ci-reporter-watch-") as folder:
        store = SqliteStore(os.path.join(folder, "watch.db"))
        try:
            board = Board()
            world = World(
                tables=store, record=_nothing, environ=environ, replica="watch", told=board.add, meter=board.meter
            )
            board.poller = Poller(poll, world)
            await board.poller.start()
            try:
                yield board
            finally:
                await board.poller.stop()
        finally:
            store.close()


async def complete(board: Board) -> None:
    """Wait until every target was looked at once, those of patterns too."""
    before: frozenset[str] = frozenset()
    while not board.is_complete() or before != frozenset(board.told()):
        before = frozenset(board.told())
        await asyncio.sleep(_LOOK_S)


def _nothing(runs: Sequence[Run]) -> None:
    """The board is told in the event loop."""


def _begun(run: Run) -> int:
    return run.started_ms or run.queued_ms or run.updated_ms
