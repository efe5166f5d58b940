"""Connections to PostgreSQL: an event loop in a thread of its own, a pool in it, and calls that any thread may make.

asyncpg is twice as fast as its like and knows only asyncio; the rest of the hub reads and writes in threads. A call
from a thread costs some 50 µs on the way there and back.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import asyncpg

from ci_reporter.errors import StoreError
from ci_reporter.hub.store.postgres.address import Address
from ci_reporter.hub.store.postgres.migrations import LISTS, migrate
from ci_reporter.hub.store.postgres.reasons import ERRORS, is_passing, store_error

MOST = 10  # connections of a hub; PostgreSQL allows 100 of all unless it is told more
PATIENCE_S = 5.0  # for a server that restarts, and for a connection of the pool
CONNECT_S = 5.0
_PAUSE_S = 0.1
_OLDEST = 130000  # the first with pg_current_xact_id and its like
_SETTINGS = {
    "application_name": "ci-reporter-hub",
    "statement_timeout": "30s",
    "jit": "off",  # it takes longer to compile our questions than to answer them
    # Of a hub that is gone without a word, the transaction goes, too, and with it what the others wait for.
    "idle_in_transaction_session_timeout": "30s",
}
_FACTS = """
SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS shown,
  current_setting('server_encoding') AS encoding,
  pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS is_read_only
"""
_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""
T = TypeVar("T")


async def _begin(connection: Any, how: Mapping[str, Any]) -> Any:
    transaction = connection.transaction(**how)
    await transaction.start()
    return transaction


async def _make_durable(connection: Any) -> None:
    """A server that answers before a commit is on its disk would make us say the same."""
    await connection.execute(_DURABLE)


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types of its own
    """One that nothing is to be taken back on when it returns to the pool: a question to the server less."""

    def get_reset_query(self) -> str:
        return ""


class Connections:
    """The pool. Raises StoreError where the database cannot be used; brings its schema up to date."""

    def __init__(
        self,
        address: Address,
        *,
        patience_s: float = PATIENCE_S,
        connect_s: float = CONNECT_S,
        lists: Mapping[str, Sequence[str]] = LISTS,
    ) -> None:
        self.name = address.name
        self._address, self._patience_s, self._connect_s = address, patience_s, connect_s
        self._lists = lists
        self._begun: set[Future[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="postgres", daemon=True)
        self._thread.start()
        try:
            self._pool = self.wait(self._open)
        except BaseException:
            self._end_loop()
            raise

    def wait(self, work: Callable[[], Awaitable[T]]) -> T:
        """What the work comes to, done in the loop. Raises StoreError for errors of the database.

        The work is called there, too: a connection of the pool that was lost refuses any call at once.
        """

        async def call() -> T:
            return await work()

        try:
            return asyncio.run_coroutine_threadsafe(call(), self._loop).result()
        except ERRORS as exc:
            raise store_error(self.name, exc) from exc

    def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """What the work makes of a connection. Where that is lost it is done again, on another one, for a while.

        So the work must come to the same when it was done already: its commit may have been heard.
        """
        return self.wait(lambda: self._persist(lambda: self._attempt(work)))

    def run_once(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """The same, without a second try."""
        return self.wait(lambda: self._attempt(work))

    def repeat(self, work: Callable[[Any], T]) -> T:
        """The same as `run`, of work that calls `wait` itself."""
        until_s = time.monotonic() + self._patience_s
        while True:
            try:
                with self.held() as connection:
                    return work(connection)
            except StoreError as exc:
                if not (exc.__cause__ and is_passing(exc.__cause__)) or time.monotonic() > until_s:
                    raise
            time.sleep(_PAUSE_S)

    @contextmanager
    def transaction(self, connection: Any, **how: Any) -> Iterator[None]:
        """A transaction of a connection, for several calls of `wait`."""
        transaction = self.wait(partial(_begin, connection, how))
        try:
            yield
        except BaseException:
            with suppress(StoreError):  # where the connection is lost, the server has rolled back
                self.wait(transaction.rollback)
            raise
        self.wait(transaction.commit)

    @contextmanager
    def held(self) -> Iterator[Any]:
        """A connection for several calls of `wait`."""
        connection = self.wait(lambda: self._persist(self._acquire))
        try:
            yield connection
        finally:
            self.wait(lambda: self._pool.release(connection))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin something in the loop that runs until it is closed."""
        begun = asyncio.run_coroutine_threadsafe(work, self._loop)
        self._begun.add(begun)  # the loop itself does not keep what it runs from being deleted
        begun.add_done_callback(self._begun.discard)

    async def connect(self) -> Any:
        """A connection beside the pool, for as long as the loop runs. Raises asyncpg's errors."""
        return await asyncpg.connect(
            self._address.url,
            password=self._address.password,
            timeout=self._connect_s,
            server_settings=_SETTINGS,
        )

    async def execute(self, sql: str, *arguments: object) -> None:
        """Run a statement, in the loop. Raises asyncpg's errors."""
        await self._pool.execute(sql, *arguments)

    def close(self) -> None:
        """Let go of the database."""
        try:
            self.wait(lambda: asyncio.wait_for(self._pool.close(), CONNECT_S))
        except StoreError:
            self._pool.terminate()
        self._end_loop()

    async def _open(self) -> Any:
        pool = await asyncpg.create_pool(
            self._address.url,
            password=self._address.password,
            min_size=0,
            max_size=MOST,
            timeout=self._connect_s,
            server_settings=_SETTINGS,
            connection_class=_Connection,
            init=_make_durable,
        )
        try:
            async with pool.acquire() as connection:
                check_server(self.name, dict(await connection.fetchrow(_FACTS)))
                await migrate(connection, self.name, self._lists)
        except BaseException:
            pool.terminate()
            raise
        return pool

    async def _persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        until_s = time.monotonic() + self._patience_s
        while True:
            try:
                return await attempt()
            except ERRORS as exc:
                if not is_passing(exc) or time.monotonic() > until_s:
                    raise
            await asyncio.sleep(_PAUSE_S)

    async def _attempt(self, work: Callable[[Any], Awaitable[T]]) -> T:
        async with self._pool.acquire(timeout=self._patience_s) as connection:
            return await work(connection)

    async def _acquire(self) -> Any:
        return await self._pool.acquire(timeout=self._patience_s)

    def _end_loop(self) -> None:
        async def cancel() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for each in others:
                each.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(cancel(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def check_server(name: str, facts: dict[str, Any]) -> None:
    """Refuse a server that the hub cannot work with. Raises StoreError."""
    if facts["version"] < _OLDEST:
        raise StoreError(f"{name} is PostgreSQL {facts['shown']}, and the hub needs 13 or newer (upgrade the server)")
    if facts["encoding"] != "UTF8":
        raise StoreError(
            f"{name} has the encoding {facts['encoding']}, which has not all characters"
            " (make another one: createdb --encoding UTF8 --template template0 NAME)"
        )
    if facts["is_read_only"]:
        raise StoreError(f"cannot use the hub's database {name}: it may only be read (name the primary server)")
