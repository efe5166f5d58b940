"""Answers of the database that hold for a second."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.auth.recent import Recent


def test_who_asks_at_the_same_time_waits_for_one_question():
    asked, answer = [], threading.Event()

    def load(key):
        asked.append(key)
        assert answer.wait(30)
        return key.upper()

    async def main():
        recent = Recent(load)
        askers = [asyncio.create_task(recent.get("a")) for _ in range(50)]
        await asyncio.sleep(0)
        answer.set()
        return await asyncio.gather(*askers)

    assert asyncio.run(main()) == ["A"] * 50
    assert asked == ["a"]


def test_a_question_that_failed_is_asked_again():
    answers = iter([StoreError("gone"), "there"])

    def load(_):
        if isinstance(found := next(answers), StoreError):
            raise found
        return found

    async def main():
        recent = Recent(load)
        with pytest.raises(StoreError):
            await recent.get("a")
        return await recent.get("a")

    assert asyncio.run(main()) == "there"


def test_an_asker_who_goes_away_takes_nobodys_answer():
    answer = threading.Event()

    async def main():
        recent = Recent(lambda key: answer.wait(30) and key)
        gone, there = (asyncio.create_task(recent.get("a")) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        answer.set()
        return await there

    assert asyncio.run(main()) == "a"
