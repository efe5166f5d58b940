"""A GitHub with many repositories, a process of its own: `python -m benchmarks.poll.fake COUNT`. It prints its address.

`POST /churn?runs=2` lets so many runs begin and end in each repository, as between two looks.
"""

from __future__ import annotations

import asyncio
import sys
import time

from aiohttp import web

from tests.fakes.github import FakeGitHub
from tests.fakes.server import serving


class Churning(FakeGitHub):
    """A fake whose runs come and go when it is told to."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.limit = self.remaining = 10_000_000
        self.names = [f"acme/repository-{number}" for number in range(count)]
        self.next = 1
        self.churn(3)

    def churn(self, runs: int) -> None:
        """Let runs begin and end."""
        for name in self.names:
            for _ in range(runs):
                now_s = time.time()
                self.add(name, self.next, "success", now_s, created_s=now_s - 60)
                self.add_job(name, self.next, "unit", "success", now_s - 60)
                self.next += 1

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer."""
        if request.path == "/churn":
            self.churn(int(request.query["runs"]))
            return web.json_response(self.next - 1)
        self.asked.clear()  # a hundred thousand addresses would be memory that is not its own
        return await super().handle(request)


async def main() -> None:
    fake = Churning(int(sys.argv[1]))
    async with serving(fake) as url:
        print(url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
