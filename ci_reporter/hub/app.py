"""The hub as an ASGI app: reports go straight to their endpoint, the rest to what is mounted, else to its health."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ci_reporter.errors import CIReporterError
from ci_reporter.health import Check, Health, find
from ci_reporter.hub.asgi import Application, Message, Mount, Receive, Send, Service, send_answer
from ci_reporter.hub.auth.guard import Guard
from ci_reporter.hub.exposition import Block
from ci_reporter.hub.ingest.endpoint import PATH, Endpoint
from ci_reporter.hub.ingest.queue import WriteQueue
from ci_reporter.hub.ingest.secrets import SecretsSource
from ci_reporter.hub.metrics.endpoint import PATH as METRICS
from ci_reporter.hub.metrics.endpoint import Metrics
from ci_reporter.hub.metrics.own import own_blocks
from ci_reporter.hub.metrics.snapshot import Snapshot
from ci_reporter.hub.store import Store

Blocks = Callable[[], Sequence[Block]]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the app is made of. `bodies_alone`: whether a signature without a time is taken.

    Of `mounts` the first that serves a path answers. `services` start in their order and stop in the reverse one.
    `streams` end what never ends by itself. `blocks` are metrics beside the hub's own. `guard` puts itself before all
    of it, and knows who asks.
    """

    store: Store
    secrets: SecretsSource
    branches: tuple[str, ...]
    bodies_alone: bool = False
    mounts: Sequence[Mount] = ()
    services: Sequence[Service] = ()
    streams: Sequence[Callable[[], None]] = ()
    blocks: Sequence[Blocks] = ()
    guard: Callable[[Application], Guard] | None = None
    health: Callable[[], Health] = lambda: Health(find(distribution="ci-reporter"))


class App:
    """The app. The queue is there from the start of the server to its end, when what waits in it has been written."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._guard = parts.guard(self._answer) if parts.guard else None
        self._queue: WriteQueue | None = None
        self._ingest: Endpoint | None = None
        self._mounts = list(parts.mounts)
        self._started: list[Service] = []
        self._health = health = parts.health()
        health.add(Check("database", parts.store.check))
        health.add(Check("writer", self._check_writer))
        health.add(Check("secrets", self._check_secrets, critical=False))
        self._rest = health.asgi(self._lifespan_or_404)

    def end_streams(self) -> None:
        """End what answers without an end: the server is to stop, and would wait for it."""
        for end in self._parts.streams:
            end()

    @property
    def paths(self) -> tuple[str, ...]:
        """Where it answers: a path, or all below one that ends with a slash."""
        return (PATH, *(each.path for each in self._mounts), *self._health.endpoints)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await (self._guard or self._answer)(scope, receive, send)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._ingest and scope["type"] == "http" and scope["path"] == PATH:
            await self._ingest(scope, receive, send)
            return
        path = scope.get("path", "")
        mount = next((each for each in self._mounts if each.serves(path)), None)
        if scope["type"] == "websocket" and not (mount and mount.takes_sockets):
            await send({"type": "websocket.close", "code": 1008})
            return
        await (mount.application if mount else self._rest)(scope, receive, send)

    async def _lifespan_or_404(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send_answer(scope, send, 404, headers, b"not found\n")

    async def _live(self, receive: Receive, send: Send) -> None:
        """Begin when the server starts, end when it stops; what could not begin is said and ended, too."""
        await receive()
        try:
            await self._begin()
        except CIReporterError as exc:
            await self._end()
            await send({"type": "lifespan.startup.failed", "message": str(exc)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._end()
        await send({"type": "lifespan.shutdown.complete"})

    async def _begin(self) -> None:
        parts = self._parts
        queue = self._queue = WriteQueue(parts.store)
        ingest = self._ingest = Endpoint(
            parts.secrets,
            queue,
            branches=parts.branches,
            bodies_alone=parts.bodies_alone,
            asker=self._guard.sender if self._guard else None,
        )
        snapshot = Snapshot(parts.store)

        def own() -> list[Block]:
            return [*own_blocks(ingest, queue, snapshot), *(block for blocks in parts.blocks for block in blocks())]

        self._mounts.insert(0, Mount(METRICS, Metrics(self._health, snapshot, own)))
        for service in parts.services:
            await service.start()
            self._started.append(service)

    async def _end(self) -> None:
        while self._started:
            await self._started.pop().stop()
        if self._queue:
            await self._queue.close()
        self._parts.store.close()

    def _check_writer(self) -> None:
        if self._queue and self._queue.error:
            raise self._queue.error

    def _check_secrets(self) -> None:
        """A file with secrets that was changed, and has a mistake in it now."""
        if problem := self._parts.secrets.problem:
            raise ValueError(problem)
