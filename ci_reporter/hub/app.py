"""The hub as an ASGI app: reports go straight to their endpoint, all else through the health of the service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ci_reporter.health import Check, Health, find
from ci_reporter.hub.api.endpoint import Api
from ci_reporter.hub.ingest.endpoint import PATH, Endpoint, Message, Receive, Send
from ci_reporter.hub.ingest.queue import WriteQueue
from ci_reporter.hub.ingest.secrets import SecretsSource
from ci_reporter.hub.metrics.endpoint import PATH as METRICS
from ci_reporter.hub.metrics.endpoint import Metrics
from ci_reporter.hub.metrics.own import own_blocks
from ci_reporter.hub.metrics.snapshot import Snapshot
from ci_reporter.hub.store import Store


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the app is made of. `bodies_alone`: whether a signature without a time is taken."""

    store: Store
    secrets: SecretsSource
    branches: tuple[str, ...]
    bodies_alone: bool = False
    api: Api | None = None
    health: Callable[[], Health] = lambda: Health(find(distribution="ci-reporter"))


class App:
    """The app. The queue is there from the start of the server to its end, when what waits in it has been written."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._queue: WriteQueue | None = None
        self._ingest: Endpoint | None = None
        self._metrics: Metrics | None = None
        self._health = health = parts.health()
        health.add(Check("database", parts.store.check))
        health.add(Check("writer", self._check_writer))
        health.add(Check("secrets", self._check_secrets, critical=False))
        self._rest = health.asgi(self._lifespan_or_404)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._ingest and scope["type"] == "http" and scope["path"] == PATH:
            await self._ingest(scope, receive, send)
        elif self._metrics and scope["type"] == "http" and scope["path"] == METRICS:
            await self._metrics(scope, send)
        elif self._parts.api and scope["type"] == "http" and scope["path"].startswith("/api/"):
            await self._parts.api(scope, receive, send)
        else:
            await self._rest(scope, receive, send)

    async def _lifespan_or_404(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self._begin()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._end()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": b"not found\n"})

    def _begin(self) -> None:
        parts = self._parts
        self._queue = WriteQueue(parts.store)
        self._ingest = Endpoint(parts.secrets, self._queue, branches=parts.branches, bodies_alone=parts.bodies_alone)
        snapshot = Snapshot(parts.store)
        self._metrics = Metrics(self._health, snapshot, partial(own_blocks, self._ingest, self._queue, snapshot))

    async def _end(self) -> None:
        if self._queue:
            await self._queue.close()
        if self._parts.api:
            self._parts.api.close()
        self._parts.store.close()

    def _check_writer(self) -> None:
        if self._queue and self._queue.error:
            raise self._queue.error

    def _check_secrets(self) -> None:
        """A file with secrets that was changed, and has a mistake in it now."""
        if problem := self._parts.secrets.problem:
            raise ValueError(problem)
