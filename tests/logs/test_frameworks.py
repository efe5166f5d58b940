"""Flask, Django, FastAPI: the run of a request is the context wherever the framework calls the service's code."""

from __future__ import annotations

import asyncio

import django.conf
import django.core.handlers.asgi
import django.core.handlers.wsgi
import django.http
import django.urls
import fastapi
import flask
import httpx
import pytest

from ci_reporter import logs

SENT = {"X-CI-Run-ID": "r-1", "baggage": "tenant=7"}


def run():
    return f"{logs.context().ci_run_id} {logs.context().baggage.get('tenant')}"


def by_asgi(app, path):
    async def call():
        transport = httpx.ASGITransport(logs.AsgiMiddleware(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
            return (await client.get(path, headers=SENT)).text

    return asyncio.run(call())


def by_wsgi(app, path):
    with httpx.Client(
        transport=httpx.WSGITransport(logs.WsgiMiddleware(app)), base_url="http://shop.example"
    ) as client:
        return client.get(path, headers=SENT).text


@pytest.mark.parametrize("path", ["/plain", "/stream"])
def test_flask(path):
    app = flask.Flask("shop")
    app.add_url_rule("/plain", "plain", run)
    app.add_url_rule("/stream", "stream", lambda: flask.Response(run() for _ in range(1)))
    assert by_wsgi(app, path) == "r-1 7"


@pytest.mark.parametrize("path", ["/sync", "/async", "/stream"])
def test_fastapi(path):
    app = fastapi.FastAPI()
    done = []

    @app.get("/sync", response_class=fastapi.responses.PlainTextResponse)
    def sync(background: fastapi.BackgroundTasks):
        background.add_task(lambda: done.append(run()))
        return run()

    @app.get("/async", response_class=fastapi.responses.PlainTextResponse)
    async def not_sync(background: fastapi.BackgroundTasks):
        background.add_task(lambda: done.append(run()))
        return run()

    @app.get("/stream")
    def stream(background: fastapi.BackgroundTasks):
        background.add_task(lambda: done.append(run()))
        return fastapi.responses.StreamingResponse(iter(run() for _ in range(1)))

    assert (by_asgi(app, path), done) == ("r-1 7", ["r-1 7"])


@pytest.fixture(scope="module")
def django_views():
    """Django, set up once, with a sync, an async and a streaming view."""

    async def not_sync(_):
        return django.http.HttpResponse(run())

    django.conf.settings.configure(
        ROOT_URLCONF=(
            django.urls.path("sync", lambda _: django.http.HttpResponse(run())),
            django.urls.path("async", not_sync),
            django.urls.path("stream", lambda _: django.http.StreamingHttpResponse(run() for _ in range(1))),
        ),
        ALLOWED_HOSTS=["*"],
        LOGGING_CONFIG=None,
        USE_TZ=True,
    )
    django.setup()


@pytest.mark.parametrize("path", ["/sync", "/async", "/stream"])
def test_django_by_wsgi(django_views, path):
    assert by_wsgi(django.core.handlers.wsgi.WSGIHandler(), path) == "r-1 7"


@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_django_by_asgi(django_views, path):
    assert by_asgi(django.core.handlers.asgi.ASGIHandler(), path) == "r-1 7"
