"""The endpoint over a database of each kind, in process: `deliver(payload, event="push")`."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid

import pytest

from ci_reporter.hub.ingest.secrets import SecretsSource
from ci_reporter.hub.store.opening import open_store
from ci_reporter.hub.webhooks.endpoint import VARIABLE, Webhooks
from ci_reporter.hub.webhooks.inbox import Inbox
from tests.hubs import Reply

SECRET = "it_is_a_secret_to_everybody"
BRANCHES = ("main",)


def signed(body, secret=SECRET):
    """A signature as GitHub makes it."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Hub:
    """The endpoint, made anew for each call of `run`, so that each has an event loop of its own."""

    def __init__(self, store):
        self.store = store
        self.secrets = SECRET
        self.now_s = 1_767_226_000.0
        self.endpoint = None
        self.most_waiting = 500

    def run(self, *requests):
        """The replies to requests that come at the same time."""

        async def main():
            inbox = Inbox(self.store, BRANCHES, self.most_waiting)
            secrets = SecretsSource(VARIABLE, {VARIABLE: self.secrets})
            self.endpoint = Webhooks(secrets, inbox, lambda: self.now_s)
            await inbox.start()
            try:
                return await asyncio.gather(*(self._call(*each) for each in requests))
            finally:
                await inbox.stop()

        return asyncio.run(main())

    def post(self, path, body, headers=None, method="POST"):
        """The reply to one request."""
        return self.run((path, body, headers or {}, method))[0]

    def github(self, payload, event="workflow_run", delivery=None, **headers):
        """The reply to a delivery of GitHub's."""
        return self.run(self.delivery(payload, event, delivery, **headers))[0]

    def delivery(self, payload, event="workflow_run", delivery=None, **headers):
        """A request as GitHub makes it."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        named = {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery or str(uuid.uuid4())}
        named |= {"X-Hub-Signature-256": signed(body), "Content-Type": "application/json"}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return "github", body, {**named, **given}, "POST"

    async def _call(self, path, body, headers, method):
        sent = []
        path, _, query = path.partition("?")

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": f"/webhooks/{path}",
            "query_string": query.encode(),
            "headers": [
                (name.lower().encode(), value.encode()) for name, value in headers.items() if value is not None
            ],
        }
        await self.endpoint(scope, receive, send)
        head, answer = sent
        found = {name.decode(): value.decode() for name, value in head["headers"]}
        return Reply(status=head["status"], headers=found, body=answer["body"])


@pytest.fixture
def hub(make_database, tmp_path):
    """An endpoint that knows one secret."""
    store = open_store(make_database("sqlite", tmp_path))
    yield Hub(store)
    store.close()


@pytest.fixture
def each_hub(store):
    """The same over a database of each kind."""
    return Hub(store)
