"""A poller on a database of its own, against a fake that is in the same event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from ci_reporter.hub.poll.assembly import _keep
from ci_reporter.hub.poll.poller import Poller, World
from ci_reporter.hub.store.sqlite.store import SqliteStore
from tests.fakes.server import Fake, serving
from tests.hub.upstream.watching import poll_of


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


def pollers(fake: Fake, store: SqliteStore, interval_s: float = 3600.0, **keys: str) -> Callable[..., Poller]:
    """Make pollers of a fake that is served; `record` keeps what was seen."""
    given = {"provider": "github", "url": fake.url, "repositories": "acme/shop", "token_env": "T", **keys}
    poll = poll_of("targets:\n  -\n" + "".join(f"    {key}: {value}\n" for key, value in given.items()))
    sources = tuple(replace(each, interval_s=interval_s) for each in poll.sources)

    def make(deadline_s: float = 30.0, **more) -> Poller:
        known = {
            "tables": store,
            "record": lambda runs: _keep(store, ("main",), runs),
            "environ": {"T": fake.token},
            "replica": "hub",
            "tick_s": 0.05,
        }
        return Poller(
            replace(poll, sources=sources, deadline_s=deadline_s, discover_s=interval_s), World(**known | more)
        )

    return make


@asynccontextmanager
async def running(poller: Poller) -> AsyncIterator[Poller]:
    """A poller that runs; what fails for a moment is tried again sooner than usual."""
    await poller.start()
    for upstream in poller._upstreams.values():
        upstream.client.pause_s = 0.001
    try:
        yield poller
    finally:
        await poller.stop()


@asynccontextmanager
async def polling(fake: Fake, store: SqliteStore, interval_s: float = 3600.0, **keys) -> AsyncIterator[Poller]:
    """A fake that is served, and a poller of it that runs."""
    world = {name: keys.pop(name) for name in ("record", "deadline_s", "environ") if name in keys}
    async with serving(fake), running(pollers(fake, store, interval_s, **keys)(**world)) as poller:
        yield poller


def runs(store: SqliteStore) -> dict[str, str]:
    """What the database has: the state of each run."""
    return dict(store.select("SELECT repository || ' ' || ci_run_id, state FROM run"))
