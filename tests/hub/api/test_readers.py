"""Reading: in few threads, for a limited time, and without waiting for who writes."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ci_reporter.hub.api.readers import Readers
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store.reading import Selection
from ci_reporter.hub.store.sqlite.reading import open_reading


def test_reads_wait_for_no_writer(hub, make_flat):
    hub.add(make_flat(1))

    def work(run):
        run("DELETE FROM latest")
        assert len(hub.items("/steps")) == 1

    hub.store.transact(work)


def test_what_takes_too_long_is_given_up(hub, make_flat):
    hub.add(*(make_flat(number) for number in range(2000)))
    reading = hub.store.reading(limit_s=0.0)

    async def main():
        readers = Readers(lambda: reading)
        try:
            with pytest.raises(Problem) as caught:
                await readers.run(lambda found: found.points(Selection(), 2000) * len(found.reports(Selection(), 2000)))
        finally:
            readers.close()
        return caught.value

    problem = asyncio.run(main())
    assert (problem.status, problem.retry_after_s) == (503, 60)
    assert problem.detail == "the answer takes more than 0 s; ask for less: a repository, a pipeline, a shorter time"


def test_who_comes_when_all_threads_are_taken_is_told_to_come_again(hub):
    free = threading.Event()

    async def main():
        readers = Readers(hub.store.reading, threads=1, most_waiting=1)
        waiting = [asyncio.ensure_future(readers.run(lambda _: free.wait())) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as caught:
            await readers.run(lambda _: None)
        free.set()
        await asyncio.gather(*waiting)
        await readers.run(lambda _: None)
        readers.close()
        return caught.value

    assert asyncio.run(main()).status == 503


def test_a_database_that_is_gone_is_said(tmp_path):
    async def main():
        readers = Readers(lambda: open_reading(str(tmp_path / "nope.db")))
        with pytest.raises(Problem) as caught:
            await readers.run(lambda _: None)
        readers.close()
        return caught.value

    problem = asyncio.run(main())
    assert (problem.status, problem.detail) == (503, "the hub's database cannot be read now")
