"""What changes in the database is on the wall, and said when it cannot be."""

import asyncio

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.changes import Changes
from ci_reporter.hub.page.live.broadcast import Broadcast, Client
from ci_reporter.hub.page.live.feed import Feed
from ci_reporter.hub.page.wall.cards import Cards, Filter
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.store.sqlite.store import SqliteStore
from tests.hub.page.conftest import make_run, see


class Wall:
    """A feed over a database, and a client that listens."""

    def __init__(self, store, tables=None):
        self.store = store
        self.cards, self.broadcast = Cards(), Broadcast()
        self.changes = Changes(tables or store, every_s=0.01)
        self.feed = Feed(tables or store, self.changes, self.cards, self.broadcast, look_s=0.01)
        self.client = Client(wanted=Filter())

    async def __aenter__(self):
        self.store.listen(self.changes.wake)
        await self.changes.start()
        await self.feed.start()
        await self.until(lambda: self.cards.is_read)
        self.broadcast.join(self.client, None)
        return self

    async def __aexit__(self, *_):
        await self.feed.stop()
        await self.changes.stop()

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0.005)

    @property
    def moods(self):
        return {each.card.place.repository: str(each.card.mood) for each in self.cards.all()}

    async def heard(self):
        """What the client gets next."""
        async with asyncio.timeout(30):
            await self.client.woken.wait()
        return self.client.take().decode()


class Broken:
    """The tables of a database that can be gone."""

    def __init__(self, store):
        self._store, self.is_gone = store, False

    def select(self, sql, /, **values):
        if self.is_gone:
            raise StoreError("gone")
        return self._store.select(sql, **values)


@pytest.fixture
def store(tmp_path):
    found = SqliteStore(str(tmp_path / "hub.db"))
    yield found
    found.close()


def test_what_was_there_before_is_on_the_wall(store):
    see(store, make_run(1), make_run(2, Status.FAILURE, repository="acme/cart"))

    async def main():
        async with Wall(store) as wall:
            return wall.moods

    assert asyncio.run(main()) == {"acme/cart": "failing", "acme/shop": "passing"}


def test_a_run_that_changes_is_told_as_its_card(store):
    async def main():
        async with Wall(store) as wall:
            await asyncio.to_thread(see, store, make_run(1, Status.RUNNING))
            first = await wall.heard()
            await asyncio.to_thread(see, store, make_run(1, Status.FAILURE))
            return first, await wall.heard()

    first, then = asyncio.run(main())
    assert 'class="card running"' in first
    assert 'class="card failing"' in then


def test_each_environment_of_a_pipeline_has_a_card(store):
    see(store, make_run(1, environment="staging"), make_run(2, Status.FAILURE, environment="production"))

    async def main():
        async with Wall(store) as wall:
            return [(each.card.place.environment, str(each.card.mood)) for each in wall.cards.all()]

    assert asyncio.run(main()) == [("production", "failing"), ("staging", "passing")]


def test_a_wall_of_before_says_so_until_the_database_is_back(store):
    see(store, make_run(1))
    tables = Broken(store)

    async def main():
        async with Wall(store, tables) as wall:
            tables.is_gone = True
            gone = await wall.heard()
            stale, moods = wall.cards.stale, wall.moods
            tables.is_gone = False
            return gone, stale, moods, await wall.heard(), wall.cards.stale

    gone, stale, moods, back, now = asyncio.run(main())
    assert gone.startswith("event: stale\ndata: the database cannot be read; as of ")
    assert stale.startswith("the database cannot be read; as of ")
    assert moods == {"acme/shop": "passing"}
    assert (back, now) == ("event: stale\ndata: \n\n", "")


def test_what_changed_while_the_database_was_gone_comes_after_it(store):
    tables = Broken(store)

    async def main():
        async with Wall(store, tables) as wall:
            tables.is_gone = True
            await wall.heard()
            await asyncio.to_thread(see, store, make_run(1, Status.FAILURE))
            tables.is_gone = False
            await wall.until(lambda: wall.moods == {"acme/shop": "failing"})

    asyncio.run(main())


def test_the_streams_end_with_the_feed(store):
    async def main():
        async with Wall(store) as wall:
            pass
        return wall.client.closed

    assert asyncio.run(main())
