"""Look at every target when it is due, keep what was seen, and say how old what we know of it is.

One task group: for each token a lane with its workers, and one task that renews leases and looks for new targets. A
look that fails harms nobody but its target. What was seen is in the database before the state that says so: a crash
between the two sees it twice, and what is seen twice is one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError as FutureCancelled
from dataclasses import dataclass, field

from ci_reporter.errors import CIReporterError, StoreError, UsageError
from ci_reporter.hub.exposition import Block
from ci_reporter.hub.poll import figures, targets
from ci_reporter.hub.poll.lane import Lane, Turn
from ci_reporter.hub.poll.ledger import Claims, Ledger, Told, told_of
from ci_reporter.hub.poll.targets import Target
from ci_reporter.hub.runs.run import Key, Run
from ci_reporter.hub.settings.poll import Poll, Source
from ci_reporter.hub.store.tables import Tables
from ci_reporter.hub.upstream.connect import Connections
from ci_reporter.hub.upstream.meter import Meter
from ci_reporter.hub.upstream.problems import LimitedError, UpstreamError
from ci_reporter.hub.upstream.protocol import Update, Upstream

_TICK_S = 15.0
_LOOKUP_DEADLINES = 10
_log = logging.getLogger("ci_reporter.hub.poll")


@dataclass(frozen=True, kw_only=True)
class World:
    """What the poller needs. `record` keeps runs, durable when it returns; it is called in a thread.

    `alone`: no other hub uses this database. `told` is called in the event loop after what was kept.
    """

    tables: Tables
    record: Callable[[Sequence[Run]], object]
    environ: Mapping[str, str]
    replica: str
    alone: bool = True
    told: Callable[[Sequence[Run]], None] | None = None
    tick_s: float = _TICK_S
    meter: Meter = field(default_factory=Meter)


class Poller:
    """The poller as a service of the hub."""

    def __init__(self, poll: Poll, world: World) -> None:
        self._poll, self._world, self.meter = poll, world, world.meter
        self._fixed = targets.fixed(poll.sources)
        self._ledger = Ledger(world.tables, world.replica, alone=world.alone)
        self._turns: dict[str, Turn] = {}
        self._lanes: dict[object, Lane] = {}
        self._upstreams: dict[Source, Upstream] = {}
        self._connections: Connections | None = None
        self._writing: set[asyncio.Future[None]] = set()
        self._names: Mapping[str, tuple[str, ...]] = {}
        self._tick = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started_s = time.time()
        self.error = ""

    async def start(self) -> None:
        """Begin to look. Raises UsageError for a token that cannot be used, StoreError."""
        self._loop = asyncio.get_running_loop()
        self._connections = Connections(self._poll, self._world.environ, self._world.meter)
        try:
            for source in self._poll.sources:
                self._upstreams[source] = upstream = self._connections.upstream(source)
                self._lanes.setdefault(_lane_of(source), Lane(_wait_s(upstream)))
            known = await asyncio.to_thread(told_of, self._world.tables)
            await self._claim(known)
        except CIReporterError:
            await self._connections.close()
            raise
        self._task = asyncio.create_task(self._run(), name="poller")

    async def stop(self) -> None:
        """End all looks, and leave the targets to other replicas."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, *self._writing, return_exceptions=True)
        if self._connections:
            await self._connections.close()
        try:
            await asyncio.to_thread(self._ledger.release)
        except StoreError as exc:
            _log.warning("the poller's targets are free for others in a minute only: %s", exc)

    def blocks(self) -> list[Block]:
        """The poller's metrics."""
        told = {name: self._told(turn) for name, turn in self._turns.items() if not turn.target.is_pattern}
        return [*self._world.meter.blocks(), *figures.blocks(told, self._started_s, time.time())]

    def told(self) -> dict[str, Told]:
        """Of each target that this replica looks at: when it last did so, and what is wrong."""
        return {name: self._told(turn) for name, turn in self._turns.items()}

    def look_again(self, key: Key, within_s: float = 20.0) -> Run | None:
        """How a run is now, None where there is no such run; for other threads. Raises CIReporterError."""
        upstream = next((each for source, each in self._upstreams.items() if _has(source, key)), None)
        if upstream is None or self._loop is None or self._loop.is_closed():
            raise UsageError(f"no target of poll: is at {key.host}")
        asked = asyncio.run_coroutine_threadsafe(upstream.run(key.repository, key.run_id, key.attempt), self._loop)
        try:
            return asked.result(within_s)
        except (TimeoutError, FutureCancelled):
            asked.cancel()
            raise UpstreamError(f"{key.host} did not answer within {within_s:g} s") from None

    def check(self) -> None:
        """Whether it works. Raises ValueError."""
        if self.error:
            raise ValueError(self.error)

    def poll_now(self) -> None:
        """Have every target looked at as soon as may be; the event loop alone may call it."""
        for lane in self._lanes.values():
            lane.hurry()

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._renew(), name="poller: leases")
                for key, lane in self._lanes.items():
                    at_once = max(source.at_once for source in self._upstreams if _lane_of(source) == key)
                    for _ in range(at_once):
                        group.create_task(self._work(lane), name=f"poller: {key}")
        except BaseExceptionGroup as exc:
            self.error = "the poller has stopped, which is a defect of the hub: restart it"
            _log.critical(self.error, exc_info=exc)

    async def _renew(self) -> None:
        """Renew the leases every few seconds; at once when a pattern has been looked up."""
        while True:
            try:
                async with asyncio.timeout(self._world.tick_s):
                    await self._tick.wait()
            except TimeoutError:
                pass
            self._tick.clear()
            try:
                await self._claim({})
                self._say("")
            except StoreError as exc:
                self._say(f"the poller cannot use the database, so its data gets older: {exc}")

    async def _claim(self, known: Mapping[str, Told]) -> None:
        """Take up what is ours, and let go of what is not any more."""
        ours = {name: turn.state.names for name, turn in self._turns.items() if turn.target.is_pattern}
        names = {**self._names, **ours}
        wanted, claims = await self._claims(names)
        self._names = {**claims.names, **ours}
        if self._names != names:  # another replica has looked a pattern up, or this is the start
            first = claims.new
            wanted, claims = await self._claims(self._names)
            claims = claims._replace(new={**first, **claims.new})
        for name in [name for name in self._turns if name not in claims.mine or name not in wanted]:
            self._turns.pop(name).is_ours = False
        for name, state in claims.new.items():
            if name in claims.mine:
                looked_ms = known[name].looked_ms if name in known else 0
                turn = self._turns[name] = Turn(wanted[name], state, looked_ms)
                self._lanes[_lane_of(turn.target.source)].add(turn)

    async def _claims(self, names: Mapping[str, tuple[str, ...]]) -> tuple[dict[str, Target], Claims]:
        wanted = self._wanted(names)
        now_ms = round(time.time() * 1000)
        return wanted, await asyncio.to_thread(self._ledger.claim, wanted, self.told(), now_ms)

    def _wanted(self, names: Mapping[str, Sequence[str]]) -> dict[str, Target]:
        patterns = [each for each in self._fixed.values() if each.is_pattern]
        return {**targets.looked_up(patterns, names), **self._fixed}

    async def _work(self, lane: Lane) -> None:
        while True:
            turn = await lane.next()
            if turn.is_ours:
                await self._take(lane, turn)

    async def _take(self, lane: Lane, turn: Turn) -> None:
        """One look, whatever comes of it; then the target's next turn."""
        began_s = time.monotonic()
        source = turn.target.source
        interval_s, deadline_s = source.interval_s, self._poll.deadline_s
        if turn.target.is_pattern:  # an organisation may have a hundred pages of repositories
            interval_s, deadline_s = self._poll.discover_s, _LOOKUP_DEADLINES * deadline_s
        try:
            async with asyncio.timeout(deadline_s):
                await self._poll_target(turn, self._upstreams[source])
        except LimitedError as exc:
            self._note(turn, str(exc), failed=False)
            lane.add(turn, turn.due_s)  # the lane waits until something may be sent, and this one is first then
            return
        except TimeoutError:
            self._note(turn, f"{turn.target.name}: the look took longer than {deadline_s:g} s")
        except CIReporterError as exc:
            self._note(turn, str(exc))
        except Exception as exc:  # noqa: BLE001  a defect of ours must not end the looks at all others
            _log.exception("%s could not be read, which is a defect of the hub", turn.target.name)
            self._note(turn, f"{turn.target.name} could not be read: {type(exc).__name__}")
        else:
            self._note(turn, "", failed=False)
            turn.failures, turn.looked_ms = 0, round(time.time() * 1000)
        lane.add_again(turn, interval_s, began_s)

    async def _poll_target(self, turn: Turn, upstream: Upstream) -> None:
        """Raises UpstreamError, StoreError, TimeoutError; then the next look begins where this one did."""
        path = turn.target.path
        if turn.target.is_pattern:
            found = await upstream.discover(path, turn.state)
            names = tuple(found.names)
            if names != turn.state.names or not turn.looked_ms:
                await self._keep(turn, Update((), type(turn.state)(cursor=1, names=names)))
                self._tick.set()
            return
        update = await upstream.poll(path, turn.state)
        if update is not None:
            await self._keep(turn, update)

    async def _keep(self, turn: Turn, update: Update) -> None:
        """First the runs, then the state; not cut off by the deadline, as it is done and only has to be written."""
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, turn, update))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        await asyncio.shield(writing)
        turn.state = update.state
        if update.runs and self._world.told:
            self._world.told(update.runs)

    def _write(self, turn: Turn, update: Update) -> None:
        if update.runs:
            self._world.record(update.runs)
        self._ledger.save(turn.target.name, update.state)

    def _note(self, turn: Turn, problem: str, *, failed: bool = True) -> None:
        """Say once that a target cannot be looked at, and once that it can again."""
        turn.failures += failed
        if problem and not turn.problem:
            _log.warning("%s: %s", turn.target.name, problem)
        if turn.problem and not problem:
            _log.info("%s can be looked at again", turn.target.name)
        turn.problem = problem

    def _say(self, error: str) -> None:
        if error and not self.error:
            _log.warning(error)
        if self.error and not error:
            _log.info("the poller can use the database again")
        self.error = error

    def _told(self, turn: Turn) -> Told:
        return Told(turn.looked_ms, turn.problem)


def _lane_of(source: Source) -> tuple[str, str, str | None]:
    """What shares a rate limit: a token at a server."""
    return source.url, source.token.where, source.username


def _has(source: Source, key: Key) -> bool:
    """Whether a run is of that server, whose API may have a host of its own: api.github.com."""
    return str(source.provider) == key.provider and source.host.removeprefix("api.") == key.host.removeprefix("api.")


def _wait_s(upstream: Upstream) -> Callable[[], float]:
    return lambda: upstream.client.budget.wait_s(time.monotonic())
