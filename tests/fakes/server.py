"""What the fake CI systems have in common: a server on 127.0.0.1 that is strict, and harms what it is told to harm.

A fake is a function of a request; `faults` come first. It counts what it was asked, and how many requests it had to
answer at the same time.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from email.utils import formatdate

from aiohttp import web

Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


class Fake:
    """A CI system. `skew_s` is how wrong its clock is; `limit` the requests that are left of its rate limit."""

    token = "a-token-of-the-fake"
    limit_headers = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
    free_304 = True

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.answered: dict[int, int] = {}
        self.faults: list[Fault] = []
        self.skew_s = 0.0
        self.limit = self.remaining = 5000
        self.reset_s = 600.0
        self.at_once = self.most_at_once = 0

    def now(self) -> float:
        """The time by its own clock."""
        return time.time() + self.skew_s

    def answer(self, request: web.Request) -> web.Response:
        """What it answers when nothing is wrong."""
        raise NotImplementedError

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer, and count."""
        self.asked.append(request.path_qs)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            found = None
            for fault in list(self.faults):
                if found := await fault(request):
                    break
            found = found or self.answer(request)
        finally:
            self.at_once -= 1
        self.answered[found.status] = self.answered.get(found.status, 0) + 1
        return found

    def said(self, request: web.Request, body: object, status: int = 200, **headers: str) -> web.Response:
        """JSON with an ETag, or a 304 for who has it; a request costs one of the limit."""
        content = json.dumps(body).encode()
        tag = f'W/"{hashlib.sha256(content).hexdigest()}"'
        is_same = status == 200 and request.headers.get("If-None-Match") == tag
        if not (is_same and self.free_304):
            self.remaining -= 1
        left = (str(self.limit), str(max(0, self.remaining)), str(int(self.now() + self.reset_s)))
        more = {**dict(zip(self.limit_headers, left, strict=True)), "Date": formatdate(self.now(), usegmt=True)}
        more |= {name.replace("_", "-"): value for name, value in headers.items()}
        if is_same:
            return web.Response(status=304, headers={**more, "ETag": tag})
        if status == 200:
            more["ETag"] = tag
        return web.Response(status=status, body=content, content_type="application/json", headers=more)

    def page(self, request: web.Request, rows: list, wrap: Callable[[list], object] = list, size: str = "per_page"):
        """One page of rows, with the address of the next in `Link`."""
        most, page = min(100, int(request.query.get(size, 30))), int(request.query.get("page", 1))
        part = rows[(page - 1) * most : page * most]
        more = {}
        if page * most < len(rows):
            following = request.url.update_query(page=page + 1)
            more["Link"] = f'<{following}>; rel="next", <{following}>; rel="last"'
        return self.said(request, wrap(part), **more)


@asynccontextmanager
async def serving(fake: Fake) -> AsyncIterator[str]:
    """The address of a fake that answers, within the event loop of who asks."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    try:
        yield fake.url
    finally:
        await runner.cleanup()


@contextmanager
def in_thread(fake: Fake) -> Iterator[str]:
    """The address of a fake that answers from a thread of its own, to programs."""
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    ready = threading.Event()

    async def serve() -> None:
        async with serving(fake):
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield fake.url
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(30)
        loop.close()


def once(fault: Fault) -> Fault:
    """A fault of the next request alone."""
    left = [fault]

    async def of(request: web.Request) -> web.StreamResponse | None:
        return await left.pop()(request) if left else None

    return of


def status(code: int, body: str = "", headers: Mapping[str, str] | None = None) -> Fault:
    """Another status, as a proxy before it would say."""

    async def of(request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, text=body, headers=headers)

    return of


async def login_page(request: web.Request) -> web.StreamResponse:
    """HTML with 200 in place of JSON."""
    page = "<!DOCTYPE html><html><head><title>Sign in · Acme</title></head></html>"
    return web.Response(text=page, content_type="text/html")


async def half_a_body(request: web.Request) -> web.StreamResponse:
    """A body that breaks off."""
    found = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await found.prepare(request)
    await found.write(b'{"workflow_runs": [')
    assert request.transport
    request.transport.close()
    return found


async def slow_drip(request: web.Request) -> web.StreamResponse:
    """A byte now and then, without end."""
    found = web.StreamResponse(headers={"Content-Type": "application/json"})
    await found.prepare(request)
    try:
        for _ in range(10_000):
            await found.write(b" ")
            await asyncio.sleep(0.05)
    except ConnectionError:
        pass
    return found
