"""A fake CI system, and our client of it, which keeps its state from look to look as the database would."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ci_reporter.config import yaml
from ci_reporter.hub.runs.merge import merge
from ci_reporter.hub.runs.run import Run
from ci_reporter.hub.settings.poll import Poll
from ci_reporter.hub.settings.poll import poll_of as _poll_of
from ci_reporter.hub.upstream.connect import Connections
from ci_reporter.hub.upstream.meter import Meter
from ci_reporter.hub.upstream.protocol import Upstream
from ci_reporter.hub.upstream.state import State
from tests.fakes.server import Fake, serving


def asynchronous(test: Callable) -> Callable:
    """A test that is a coroutine."""

    @functools.wraps(test)
    def run(*args, **more):
        asyncio.run(test(*args, **more))

    return run


def poll_of(text: str) -> Poll:
    """The section `poll:` of these lines."""
    return _poll_of(yaml.parse(text.encode(), "hub.yml"))


class Watching:
    """What looks at a fake have found so far."""

    def __init__(self, fake: Fake, upstream: Upstream, meter: Meter) -> None:
        self.fake, self.upstream, self.meter = fake, upstream, meter
        self.states: dict[str, str] = {}
        self.runs: dict[tuple[str, int], Run] = {}

    async def look(self, target: str = "acme/shop") -> dict[str, str] | None:
        """What a look tells of, `1.1` the first attempt of run 1; None where there is nothing to keep."""
        found = await self.upstream.poll(target, State.from_json(self.states.get(target, "")))
        if found is None:
            return None
        self.states[target] = found.state.to_json()
        assert State.from_json(self.states[target]) == found.state
        for run in found.runs:
            key = run.key.run_id, run.key.attempt
            self.runs[key] = merge(self.runs[key], run) if key in self.runs else run
        return {f"{run.key.run_id}.{run.key.attempt}": str(run.status) for run in found.runs}

    async def asked(self, target: str = "acme/shop") -> list[str]:
        """What the next look asks for."""
        before = len(self.fake.asked)
        await self.look(target)
        return self.fake.asked[before:]


@asynccontextmanager
async def watching(fake: Fake, provider: str, **keys: str) -> AsyncIterator[Watching]:
    """Looks at a fake; `keys` are further ones of the target."""
    async with serving(fake) as url:
        given = {"provider": provider, "url": url, "repositories": "acme/*", "token_env": "T", **keys}
        top = "".join(f"{key}: {given.pop(key)}\n" for key in ("timeout", "history") if key in given)
        poll = poll_of(f"{top}targets:\n  -\n" + "".join(f"    {key}: {value}\n" for key, value in given.items()))
        meter = Meter()
        connections = Connections(poll, {"T": fake.token}, meter)
        try:
            upstream = connections.upstream(poll.sources[0])
            upstream.client.pause_s = 0.001
            yield Watching(fake, upstream, meter)
        finally:
            await connections.close()
