"""The queue before the database, where that fails for a while."""

from __future__ import annotations

import asyncio

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.webhooks.deliveries import Delivery
from ci_reporter.hub.webhooks.event import Event
from ci_reporter.hub.webhooks.inbox import Inbox
from ci_reporter.hub.webhooks.source import Source


class Failing:
    """Tables that fail so often, and then take what comes."""

    def __init__(self, store, failures):
        self._store, self._failures = store, failures

    def transact(self, work):
        self._failures -= 1
        if self._failures >= 0:
            raise StoreError("the disk is full")
        return self._store.transact(work)


def make_delivery(number):
    event = Event(repository="acme/shop", ignored="nobody asked")
    name = str(number)
    return Delivery(source=Source.GITHUB, delivery_id=name, digest=name, received_ms=number, name="ping", event=event)


def test_a_database_that_cannot_be_written_is_logged_once_and_that_it_can_again(store, caplog):
    async def main():
        inbox = Inbox(Failing(store, 20), ("main",))
        await inbox.start()
        for number in range(20):
            with pytest.raises(Problem):
                await inbox.submit(make_delivery(number))
        await inbox.submit(make_delivery(20))
        await inbox.stop()

    asyncio.run(main())
    first, last = [each.message for each in caplog.records]
    assert first == "a delivery of github was not kept: the disk is full; more of the same are not logged"
    assert last == "deliveries are kept again"
