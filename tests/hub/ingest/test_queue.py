"""The queue before the store: one transaction for all that wait, an answer after it, and an end to what it takes."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.ingest.queue import WriteQueue
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store import Written


class Slow:
    """A store that waits to be let go, as one on a slow disk; `batches` are the sizes of its transactions."""

    def __init__(self, error=None):
        self.batches = []
        self.go = threading.Event()
        self.begun = threading.Event()
        self._error = error

    def write(self, requests):
        self.begun.set()
        assert self.go.wait(30)
        self.batches.append(len(requests))
        if self._error:
            raise self._error
        return [Written(len(rows), 0) for rows in requests]


async def waiting(queue, *requests):
    """Requests that are in the queue now."""
    tasks = [asyncio.create_task(queue.submit(rows)) for rows in requests]
    await asyncio.sleep(0)
    return tasks


def test_what_waits_is_written_in_one_transaction(make_row):
    async def main():
        store = Slow()
        queue = WriteQueue(store)
        tasks = await waiting(queue, [make_row()])
        await asyncio.to_thread(store.begun.wait)
        tasks += await waiting(queue, *([make_row()] for _ in range(50)))
        assert not any(task.done() for task in tasks)
        store.go.set()
        await asyncio.gather(*tasks)
        await queue.close()
        return store.batches

    assert asyncio.run(main()) == [1, 50]


def test_nobody_is_answered_before_the_commit(make_row):
    async def main():
        store = Slow()
        queue = WriteQueue(store)
        (task,) = await waiting(queue, [make_row()])
        await asyncio.to_thread(store.begun.wait)
        before = task.done()
        store.go.set()
        answer = await task
        await queue.close()
        return before, answer

    assert asyncio.run(main()) == (False, Written(1, 0))


def test_closing_writes_what_waits(make_row):
    async def main():
        store = Slow()
        queue = WriteQueue(store)
        tasks = await waiting(queue, *([make_row()] for _ in range(5)))
        store.go.set()
        await queue.close()
        return sum(store.batches), [await task for task in tasks]

    assert asyncio.run(main()) == (5, [Written(1, 0)] * 5)


def refusal_of(how, *requests):
    """What the last of the requests is refused with, while none is written."""

    async def main():
        store = Slow()
        queue = WriteQueue(store, **how)
        tasks = await waiting(queue, *requests[:-1])
        with pytest.raises(Problem) as raised:
            await queue.submit(requests[-1])
        store.go.set()
        await asyncio.gather(*tasks)
        await queue.close()
        assert queue.depth == 0
        return raised.value

    return asyncio.run(main())


def rows_of(repository, make_row, count, **more):
    return [make_row(series=(repository, "", "", "s", "main"), **more) for _ in range(count)]


def test_a_full_queue_asks_to_come_again(make_row):
    requests = [rows_of(f"r{n}", make_row, 10) for n in range(11)]
    problem = refusal_of({"most_rows": 100}, *requests)
    assert (problem.status, problem.retry_after_s) == (503, 1)


def test_memory_is_limited_whatever_a_report_weighs(make_row):
    requests = [rows_of(f"r{n}", make_row, 1, body="x" * 600) for n in range(2)]
    assert refusal_of({"most_bytes": 1000}, *requests).status == 503


def test_one_repository_does_not_take_the_room_of_all(make_row):
    problem = refusal_of(
        {"most_rows": 100}, rows_of("a", make_row, 20), rows_of("b", make_row, 6), rows_of("a", make_row, 6)
    )
    assert (problem.status, problem.retry_after_s) == (429, 1)


def test_a_defect_of_the_store_does_not_keep_requests_waiting(make_row, caplog):
    class Broken(Slow):
        def write(self, requests):
            if not self.go.is_set():
                self.go.set()
                raise KeyError("nobody thought of this")
            return super().write(requests)

    async def main():
        queue = WriteQueue(Broken())
        with pytest.raises(Problem):
            await queue.submit([make_row()])
        written = await queue.submit([make_row()])
        await queue.close()
        return written

    assert asyncio.run(main()).stored == 1
    assert "nobody thought of this" in caplog.text


def test_a_database_that_can_be_written_again_is_found_without_a_report(make_row):
    class Full(Slow):
        tries = 0

        def try_to_write(self):
            self.tries += 1
            if self.tries < 3:
                raise StoreError("the disk is full")

    async def main():
        store = Full(StoreError("the disk is full"))
        store.go.set()
        queue = WriteQueue(store, try_again_s=0.001)
        with pytest.raises(Problem):
            await queue.submit([make_row()])
        async with asyncio.timeout(20):
            while queue.error:
                await asyncio.sleep(0.001)
        await queue.close()
        return store.tries

    assert asyncio.run(main()) == 3


def test_what_cannot_be_written_is_to_be_sent_again(make_row):
    async def main():
        store = Slow(StoreError("cannot use hub.db: the disk is full"))
        store.go.set()
        queue = WriteQueue(store)
        with pytest.raises(Problem) as raised:
            await queue.submit([make_row()])
        await queue.close()
        return raised.value, queue.error

    problem, error = asyncio.run(main())
    assert (problem.status, problem.retry_after_s) == (503, 30)
    assert "the disk is full" not in problem.detail  # which is the operator's business
    assert "the disk is full" in str(error)
