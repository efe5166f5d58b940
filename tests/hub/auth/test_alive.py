"""`/livez`, which has to answer while the database is silent: who asks in vain kills the hub."""

from __future__ import annotations

import asyncio

from ci_reporter.hub.auth.authenticator import Authenticator
from ci_reporter.hub.auth.guard import Guard, Rules


class Counting:
    """The tables of a store. It counts how often they are asked."""

    def __init__(self, store):
        self._store, self.asked = store, 0

    def select(self, sql, /, **values):
        self.asked += 1
        return self._store.select(sql, **values)

    def transact(self, work):
        self.asked += 1
        return self._store.transact(work)


def test_a_sign_of_life_asks_no_database(store):
    tables, reached = Counting(store), []

    async def application(scope, *_):
        reached.append(scope["path"])

    guard = Guard(application, Authenticator(tables, b"key"), tables, Rules())
    tables.asked = 0
    for path in ("/livez", "/readyz"):
        scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", b"localhost")]}
        asyncio.run(guard(scope, None, None))
        reached.append(tables.asked)
    assert reached == ["/livez", 0, "/readyz", 1]
