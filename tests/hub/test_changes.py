"""What changed, told to everybody in this process who listens."""

from __future__ import annotations

import asyncio

from ci_reporter.hub import changes
from ci_reporter.hub.changes import Changes
from ci_reporter.hub.runs.book import Source, record
from tests.sightings import make_run


def _see(store, *statuses, first_ms=1):
    for updated_ms, status in enumerate(statuses, first_ms):
        record(store, [make_run(status, updated_ms)], source=Source.WEBHOOK, now_ms=1)


def _listening(store, work, **how):
    """What the work gives, done while changes are followed."""

    async def main():
        followed = Changes(store, **how)
        store.listen(followed.wake)
        await followed.start()
        try:
            async with asyncio.timeout(30):
                return await work(followed)
        finally:
            await followed.stop()

    return asyncio.run(main())


async def _next(listener, count):
    found = []
    while len(found) < count:
        found += (await listener.news()).changes
    return [change.became for change in found]


def test_a_listener_is_told_of_what_comes_after_it_began(store):
    _see(store, "queued")

    async def work(followed):
        with followed.subscribe() as listener:
            await asyncio.to_thread(_see, store, "running", "success", first_ms=2)
            return await _next(listener, 2)

    assert _listening(store, work, every_s=3600) == ["running", "success"]


def test_what_nobody_told_of_is_found_after_a_moment(store):
    async def work(followed):
        followed.wake = lambda: None
        with followed.subscribe() as listener:
            await asyncio.to_thread(_see, store, "running")
            return await _next(listener, 1)

    assert _listening(store, work, every_s=0.01) == ["running"]


def test_who_does_not_keep_up_is_told_to_read_all_again(store):
    async def work(followed):
        with followed.subscribe(most=2) as listener, followed.subscribe() as other:
            await asyncio.to_thread(_see, store, "queued", "running", "success")
            await _next(other, 3)
            return await listener.news()

    assert _listening(store, work) == ((), True)


def test_who_was_away_for_long_is_told_to_read_all_again(store):
    async def main():
        followed = Changes(store, every_s=3600, most_behind=2)
        await followed.start()
        with followed.subscribe() as listener:
            await asyncio.to_thread(_see, store, "queued", "running", "success")
            followed.wake()
            news = await listener.news()
        await followed.stop()
        return news

    assert asyncio.run(main()) == ((), True)


def test_a_listener_learns_that_the_hub_stops(store):
    async def main():
        followed = Changes(store)
        await followed.start()
        with followed.subscribe() as listener:
            waiting = asyncio.create_task(listener.news())
            await followed.stop()
            return await waiting

    assert asyncio.run(main()) is None


def test_a_database_that_is_away_is_said_once_and_read_again_later(store, caplog):
    class Away:
        is_away = True

        def select(self, sql, /, **values):
            if self.is_away:
                raise changes.StoreError("gone")
            return store.select(sql, **values)

    async def work(followed):
        away = followed._tables = Away()
        with followed.subscribe() as listener:
            while not followed.error:
                await asyncio.sleep(0.01)
            _see(store, "running")
            away.is_away = False
            return await _next(listener, 1)

    assert _listening(store, work, every_s=0.01) == ["running"]
    assert [record.message.split(",")[0] for record in caplog.records] == [
        "changes cannot be read",
        "changes are read again",
    ]
