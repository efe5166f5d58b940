"""Around an ASGI app: everything but the endpoints passes through as it is, and is counted."""

import asyncio
import threading
import urllib.request

import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from ci_reporter.health import Health
from ci_reporter.health.asgi import HealthMiddleware


async def call(app, **scope):
    """What an app sends when a server calls it; the exception it raised, if it did."""
    sent = []
    known = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    (error,) = await asyncio.gather(app(known | scope, receive, send), return_exceptions=True)
    return sent, error


def counted(site):
    """Requests by method, route and code."""
    return {name: value for name, value in site.samples().items() if name.startswith("http_requests_total")}


def key(route, code=200, method="GET"):
    return f'http_requests_total{{code="{code}",method="{method}",route="{route}"}}'


@pytest.mark.parametrize("kind", ["websocket", "lifespan", "something.new"])
def test_what_is_no_http_request_gets_the_servers_own_functions(kind):
    seen = []

    async def app(*given):
        seen.append(given)

    given = ({"type": kind, "path": "/health"}, object(), object())
    asyncio.run(Health().asgi(app)(*given))
    assert all(a is b for a, b in zip(seen[0], given, strict=True))


def test_messages_reach_the_server_as_they_are():
    messages = [
        {"type": "http.response.start", "status": 207, "headers": [(b"x", b"y")], "trailers": True},
        {"type": "http.response.body", "body": b"a", "more_body": True},
        {"type": "http.response.body", "body": b"b"},
        {"type": "http.response.trailers", "headers": []},
    ]

    async def app(_scope, _receive, send):
        for message in messages:
            await send(message)

    sent, _ = asyncio.run(call(Health().asgi(app)))
    assert all(a is b for a, b in zip(sent, messages, strict=True))


def test_an_exception_passes_through_and_counts_as_500(serve):
    health = Health()

    async def app(*_):
        raise ZeroDivisionError

    _, error = asyncio.run(call(health.asgi(app)))
    assert isinstance(error, ZeroDivisionError)
    samples = serve(health.asgi(), "asgi").samples()
    assert (samples[key("other", 500)], samples["http_requests_in_progress"]) == (1, 0)


def test_a_request_that_is_called_off_counts_as_499(serve):
    health = Health()

    async def app(*_):
        await asyncio.sleep(30)

    async def called_off():
        task = asyncio.ensure_future(call(health.asgi(app)))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(called_off())
    assert serve(health.asgi(), "asgi").samples()[key("other", 499)] == 1


def test_a_stream_arrives_piece_by_piece_and_is_measured_to_its_end(serve):
    go = threading.Event()

    async def pieces():
        yield b"first"
        await asyncio.to_thread(go.wait, 10)
        yield b"last"

    async def stream(_):
        return StreamingResponse(pieces())

    site = serve(Health().asgi(Starlette(routes=[Route("/stream", stream)])), "asgi")
    with urllib.request.urlopen(site.url + "/stream", timeout=10) as response:
        assert response.read(5) == b"first"
        assert site.samples()["http_requests_in_progress"] == 1
        threading.Timer(0.1, go.set).start()
        assert response.read() == b"last"
    samples = site.samples()
    assert samples['http_request_duration_seconds_sum{method="GET",route="/stream"}'] >= 0.1
    assert samples["http_requests_in_progress"] == 0


def test_background_work_is_not_the_requests_time(serve, eventually):
    done = threading.Event()
    app = FastAPI()

    @app.get("/")
    async def root(later: BackgroundTasks):
        later.add_task(done.wait, 10)

    site = serve(Health().asgi(app), "asgi")
    site("/")
    eventually(lambda: counted(site).get(key("/")) == 1, "the request to be counted")
    done.set()


def fastapi_app():
    app, sub, router = FastAPI(), FastAPI(), APIRouter(prefix="/shop")

    @router.get("/items/{number}")
    async def item(number: int):
        return number

    @sub.get("/users/{name}")
    async def user(name: str):
        return name

    app.include_router(router, prefix="/api")
    app.mount("/v2", sub)
    return app


def starlette_app():
    async def answer(_):
        return PlainTextResponse("x")

    inner = [Route("/in/{y}", answer)]
    return Starlette(routes=[Route("/a/{x}", answer), Mount("/m/{t}", routes=inner), Mount("/n", app=answer_asgi)])


async def answer_asgi(scope, receive, send):
    await PlainTextResponse("x")(scope, receive, send)


@pytest.mark.parametrize(
    ("app", "path", "route"),
    [
        (fastapi_app, "/api/shop/items/3", "/api/shop/items/{number}"),
        (fastapi_app, "/v2/users/ann", "/v2/users/{name}"),
        (starlette_app, "/a/1", "/a/{x}"),
        (starlette_app, "/m/7/in/8", "/m/{t}/in/{y}"),
        (starlette_app, "/n/whatever", "/n"),
    ],
    ids=["router in router", "mounted app", "route", "mount with a parameter", "mounted function"],
)
def test_the_route_is_the_template(serve, app, path, route):
    site = serve(Health().asgi(app()), "asgi")
    assert site(path).status == 200
    assert list(counted(site)) == [key(route)]


def test_routes_nobody_knows_are_one(serve):
    site = serve(Health().asgi(fastapi_app()), "asgi")
    for number in range(20):
        site(f"/made-up/{number}")
    assert counted(site) == {key("other", 404): 20}


def test_a_method_nobody_knows_is_other(serve):
    site = serve(Health().asgi(fastapi_app()), "asgi")
    for method in ("BREW", "WHEN"):
        site("/made-up", method)
    assert counted(site) == {key("other", 404, "other"): 2}


def test_a_route_can_be_told_by_a_function(serve):
    site = serve(Health().asgi(answer_asgi, route=lambda scope: scope["path"][:3]), "asgi")
    site("/ab/cd")
    assert counted(site) == {key("/ab"): 1}


def test_the_endpoints_are_not_counted(serve):
    site = serve(Health().asgi(fastapi_app()), "asgi")
    for path in ("/health", "/livez", "/readyz", "/metrics"):
        site(path)
    assert counted(site) == {}


def test_a_root_path_before_the_endpoints_is_passed_over():
    sent, _ = asyncio.run(call(Health().asgi(), path="/svc/livez", root_path="/svc"))
    assert sent[0]["status"] == 200


def test_it_can_be_added_as_a_middleware(serve):
    app = fastapi_app()
    app.add_middleware(HealthMiddleware, health=Health())
    site = serve(app, "asgi")
    assert (site("/livez").status, site("/api/shop/items/3").json) == (200, 3)
    assert list(counted(site)) == [key("/api/shop/items/{number}")]


def test_the_lifespan_of_endpoints_alone_is_complete():
    async def lived():
        incoming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
        sent = []

        async def receive():
            return next(incoming)

        async def send(message):
            sent.append(message["type"])

        await Health().asgi()({"type": "lifespan"}, receive, send)
        return sent

    assert asyncio.run(lived()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
