"""A stream ends with the rights of who listens."""

import asyncio

import pytest

from ci_reporter.hub.auth.access import ACCESS, ASK_AGAIN, Access
from ci_reporter.hub.page.live.broadcast import Broadcast
from ci_reporter.hub.page.live.stream import Streams
from ci_reporter.hub.problem import Problem

JANE = Access(name="user jane", patterns=("acme/*",))


def listen(*answers, limit_s=10.0):
    """What a client of /events is sent, whose rights are so each time that the hub asks again; the last one stays."""
    left = list(answers)
    sent = []

    async def ask_again():
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Problem):
            raise answer
        return answer

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    async def run():
        scope = {"type": "http", "method": "GET", "path": "/events", "query_string": b"", "headers": []}
        async with asyncio.timeout(limit_s):
            known = {ACCESS: JANE, ASK_AGAIN: ask_again}
            await Streams(Broadcast(), again_s=0.001).events(scope | known, receive, send)

    asyncio.run(run())
    return sent, left


@pytest.mark.parametrize("answer", [Problem(401, "revoked"), Access(name="user jane", patterns=("acme/shop",))])
def test_a_stream_ends_when_its_reader_may_no_longer_read_the_same(answer):
    sent, _ = listen(JANE, answer)
    assert sent[-1] == {"type": "http.response.body", "body": b""}


def test_a_stream_goes_on_while_the_database_is_away():
    _, left = listen(JANE, Problem(503, "away"), JANE, Problem(401, "revoked"))
    assert left[0].status == 401
