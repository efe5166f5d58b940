"""The app: what is mounted answers, and services live as long as the server."""

from __future__ import annotations

import asyncio

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.app import App, Parts
from ci_reporter.hub.asgi import Mount
from ci_reporter.hub.ingest.secrets import SecretsSource
from ci_reporter.hub.store.sqlite.store import SqliteStore


class Noted:
    """A service that notes when it starts and stops."""

    def __init__(self, name, notes, error=None):
        self.name, self.notes, self.error = name, notes, error

    async def start(self):
        if self.error:
            raise self.error
        self.notes.append(f"{self.name} started")

    async def stop(self):
        self.notes.append(f"{self.name} stopped")


async def answer(scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def lives(path, paths=(), **parts):
    """What the server is sent: at the start, at requests for these paths, at the end."""
    app = App(Parts(store=SqliteStore(path), secrets=SecretsSource("S", {}), branches=(), **parts))

    async def live():
        said = []
        ends = asyncio.Event()
        messages = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))

        async def receive():
            message = next(messages)
            if message["type"] == "lifespan.shutdown":
                await ends.wait()
            return message

        async def send(message):
            said.append(message)

        life = asyncio.create_task(app({"type": "lifespan"}, receive, send))
        while not said:
            await asyncio.sleep(0)
        for each in paths:
            await app({"type": "http", "method": "GET", "path": each, "headers": []}, receive, send)
        ends.set()
        await life
        return said

    return asyncio.run(live())


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "hub.db")


@pytest.mark.parametrize(
    ("path_asked", "body"), [("/page/x", b"/page/x"), ("/feed", b"/feed"), ("/feed/x", b"not found\n")]
)
def test_the_first_that_serves_a_path_answers(path, path_asked, body):
    mounts = (Mount("/page/", answer), Mount("/feed", answer))
    assert body in [message.get("body") for message in lives(path, [path_asked], mounts=mounts)]


def test_services_stop_in_the_reverse_order(path):
    notes = []
    lives(path, services=(Noted("a", notes), Noted("b", notes)))
    assert notes == ["a started", "b started", "b stopped", "a stopped"]


def test_a_service_that_cannot_start_stops_the_others_and_is_said(path):
    notes = []
    said = lives(path, services=(Noted("a", notes), Noted("b", notes, StoreError("the database is gone"))))
    assert (notes, said) == (
        ["a started", "a stopped"],
        [{"type": "lifespan.startup.failed", "message": "the database is gone"}],
    )
