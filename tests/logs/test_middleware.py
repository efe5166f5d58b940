"""The middleware is not to be noticed: bodies, errors and sockets pass through, and nothing outlives its request."""

from __future__ import annotations

import asyncio
from wsgiref.util import FileWrapper

import pytest

from ci_reporter import logs
from ci_reporter.logs import AsgiMiddleware, Context, WsgiMiddleware
from ci_reporter.logs.current import use

HEADERS = [(b"X-CI-Run-ID", b"r-1")]


def run():
    return logs.context().ci_run_id


def wsgi(app, **environ):
    """Call the app as a server does, and close what it gives."""
    body = WsgiMiddleware(app)({"HTTP_X_CI_RUN_ID": "r-1"} | environ, lambda *_: None)
    try:
        return list(body)
    finally:
        getattr(body, "close", lambda: None)()


def asgi(app, headers=HEADERS, kind="http", **how):
    asyncio.run(AsgiMiddleware(app, **how)({"type": kind, "headers": headers}, None, None))


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_body_that_is_there_is_handed_on_as_it_is(kind):
    body = kind([b"ok"])
    assert WsgiMiddleware(lambda *_: body)({}, None) is body


def test_a_file_is_handed_on_as_it_is(tmp_path):
    (tmp_path / "x").write_text("x")
    with (tmp_path / "x").open("rb") as file:
        body = FileWrapper(file)
        assert WsgiMiddleware(lambda *_: body)({"wsgi.file_wrapper": FileWrapper}, None) is body


def test_a_body_is_made_and_closed_within_the_context():
    seen = []

    class Body:
        def __iter__(self):
            seen.append(run())
            yield b"a"
            seen.append(run())

        def close(self):
            seen.append(("closed", run()))

    assert wsgi(lambda *_: Body()) == [b"a"]
    assert seen == ["r-1", "r-1", ("closed", "r-1")]


def test_between_two_pieces_the_thread_is_the_servers():
    body = iter(WsgiMiddleware(lambda *_: (each for each in (b"a", b"b")))({"HTTP_X_CI_RUN_ID": "r-1"}, None))
    next(body)
    assert run() is None


@pytest.mark.parametrize("when", ["called", "sending"])
def test_an_error_passes_through_and_leaves_nothing_behind(when):
    def app(*_):
        if when == "called":
            raise KeyError("boom")
        return (each for each in [1 / 0])

    with pytest.raises((KeyError, ZeroDivisionError)):
        wsgi(app)
    assert run() is None


def test_who_is_not_trusted_names_no_run():
    seen = []
    middleware = WsgiMiddleware(
        lambda *_: [b"%r" % seen.append(run())], trust=lambda environ: "HTTP_VIA" not in environ
    )
    for more in ({}, {"HTTP_VIA": "outside"}):
        middleware({"HTTP_X_CI_RUN_ID": "r-1"} | more, None)
    assert seen == ["r-1", None]


def test_who_is_not_trusted_names_no_run_in_asgi_either():
    seen = []

    async def app(*_):
        seen.append(run())

    asgi(app)
    asgi(app, trust=lambda _: False)
    assert seen == ["r-1", None]


def test_a_socket_has_its_context_too():
    seen = []

    async def app(*_):
        seen.append(run())

    asgi(app, kind="websocket")
    assert seen == ["r-1"]


def test_start_up_and_shut_down_are_nobodys_request():
    scopes = []

    async def app(scope, *_):
        scopes.append((scope, run()))

    asyncio.run(AsgiMiddleware(app)({"type": "lifespan"}, None, None))
    assert scopes == [({"type": "lifespan"}, None)]


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        ([(b"x-ci-run-id", b"a"), (b"X-CI-RUN-ID", b"b")], None),
        ([(b"x-ci-run-id", b" a ")], "a"),
        ([(b"x-ci-run-id", b"\xff\x00")], None),
        ([(b"baggage", b"a=1"), (b"baggage", b"ci_run_id=b")], "b"),
        ([(b"\xff", b"a")], None),
    ],
    ids=["twice", "spaces", "bytes", "baggage in two lines", "a name of bytes"],
)
def test_headers_are_read_with_care(headers, read):
    seen = []

    async def app(*_):
        seen.append(run())

    asgi(app, headers)
    assert seen == [read]


def test_a_request_without_a_run_belongs_to_what_is_around_it_no_more():
    with use(Context(ci_run_id="outer")):
        seen = []
        wsgi(lambda *_: [b"%r" % seen.append(run())], HTTP_X_CI_RUN_ID="")
    assert seen == [None]
