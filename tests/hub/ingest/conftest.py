"""The endpoint in process: a real store, the real queue, and the messages of ASGI."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from ci_reporter.hub.ingest.endpoint import Endpoint
from ci_reporter.hub.ingest.queue import WriteQueue
from ci_reporter.hub.ingest.secrets import SecretsSource
from ci_reporter.hub.store.sqlite.store import SqliteStore
from tests.hubs import Reply

NOW_S = 1_767_225_600.0


@asynccontextmanager
async def running_queue(store, **how):
    """The queue before a store."""
    queue = WriteQueue(store, **how)
    yield queue
    await queue.close()


async def call(endpoint, *pieces, method="POST", headers=None, ends=True):
    """One request, its body in pieces; `ends=False`: the client goes away before the end."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces or (b"",)]
    if ends:
        messages[-1]["more_body"] = False
    messages.append({"type": "http.disconnect"})
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    found = {"content-type": "application/json", **(headers or {})}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in found.items() if value is not None]
    await endpoint({"type": "http", "method": method, "path": "/ci-report", "headers": raw}, receive, send)
    head, body = sent
    headers = {name.decode(): value.decode() for name, value in head["headers"]}
    return Reply(status=head["status"], headers=headers, body=body["body"])


@pytest.fixture
def post(tmp_path):
    """Send requests to an endpoint, one after the other: `post(body, headers=…, secrets=…)`."""

    def send(*requests, secrets="", bodies_alone=False, now_s=NOW_S):
        async def main():
            store = SqliteStore(str(tmp_path / "hub.db"))
            async with running_queue(store) as queue:
                source = SecretsSource("SECRETS", {"SECRETS": secrets})
                endpoint = Endpoint(source, queue, branches=("main",), bodies_alone=bodies_alone, clock=lambda: now_s)
                replies = [await call(endpoint, *pieces, **how) for pieces, how in requests]
            bodies = [json.loads(body) for body in store.bodies()]
            store.close()
            return replies, bodies

        return asyncio.run(main())

    def one(body, **how):
        """The reply to one request and what is in the database then."""
        pieces = body if isinstance(body, tuple) else (body if isinstance(body, bytes) else json.dumps(body).encode(),)
        here = {name: how.pop(name) for name in ("headers", "method", "ends") if name in how}
        (reply,), bodies = send((pieces, here), **how)
        return reply, bodies

    one.all = send
    return one
