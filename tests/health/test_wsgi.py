"""Around a WSGI app: everything but the endpoints passes through as it is, and is counted."""

import io
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest
from flask import Flask, Response

from ci_reporter.health import Health


def call(app, path="/", **environ):
    """What an app gives a server, and what it told start_response."""
    told = []
    setup_testing_defaults(environ)
    body = app(environ | {"PATH_INFO": path}, lambda *given: told.append(given))
    return body, told


@pytest.fixture
def counted(eventually):
    """Requests by method, route and code, once so many are; the body is closed after the client has it."""

    def read(site, requests):
        def found():
            samples = site.samples().items()
            counts = {name: value for name, value in samples if name.startswith("http_requests_total")}
            return counts if sum(counts.values()) >= requests else None

        return eventually(found, f"{requests} requests to be counted")

    return read


def key(route, code=200, method="GET"):
    return f'http_requests_total{{code="{code}",method="{method}",route="{route}"}}'


def hello(_, start_response):
    start_response("200 OK", [])
    return [b"hello"]


def test_what_the_app_tells_reaches_the_server():
    error = (ValueError, ValueError("x"), None)

    def app(_, start_response):
        start_response("500 Oh no", [("X", "y")], error)
        return []

    _, told = call(Health().wsgi(app))
    assert told == [("500 Oh no", [("X", "y")], error)]


def test_what_start_response_gives_reaches_the_app():
    written = []

    def app(_, start_response):
        start_response("200 OK", [])(b"written")
        return []

    environ = {}
    setup_testing_defaults(environ)
    Health().wsgi(app)(environ, lambda *_: written.append)
    assert written == [b"written"]


def test_a_body_is_iterated_as_it_is_and_closed_once():
    closed = []

    class Body:
        def __iter__(self):
            return iter([b"a", b"b"])

        def close(self):
            closed.append(1)

    body, _ = call(Health().wsgi(lambda *_: Body()))
    assert list(body) == [b"a", b"b"]
    body.close()
    assert closed == [1]


def test_a_body_of_one_piece_keeps_its_length(serve):
    assert serve(Health().wsgi(hello), "wsgi")("/").headers["content-length"] == "5"


def test_a_body_without_a_length_gets_none():
    body, _ = call(Health().wsgi(lambda *_: iter([b"x"])))
    assert not hasattr(body, "__len__")


def test_a_file_of_the_servers_own_stays_one():
    given = FileWrapper(io.BytesIO(b"x"))
    body, _ = call(Health().wsgi(lambda *_: given), **{"wsgi.file_wrapper": FileWrapper})
    assert body is given


def test_an_exception_passes_through_and_counts_as_500(serve):
    health = Health()

    def app(*_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        call(health.wsgi(app))
    samples = serve(health.wsgi(), "wsgi").samples()
    assert (samples[key("other", 500)], samples["http_requests_in_progress"]) == (1, 0)


def test_an_exception_of_the_bodys_close_passes_through_and_is_counted(serve):
    health = Health()

    def pieces():
        try:
            yield b"x"
        finally:
            raise ZeroDivisionError

    body, _ = call(health.wsgi(lambda *_: pieces()))
    next(iter(body))
    with pytest.raises(ZeroDivisionError):
        body.close()
    assert serve(health.wsgi(), "wsgi").samples()["http_requests_in_progress"] == 0


def test_a_request_is_under_way_until_its_body_is_closed(serve):
    health = Health()
    site = serve(health.wsgi(), "wsgi")
    body, _ = call(health.wsgi(hello))
    assert site.samples()["http_requests_in_progress"] == 1
    body.close()
    body.close()
    samples = site.samples()
    assert (samples["http_requests_in_progress"], samples[key("other")]) == (0, 1)


def flask_app():
    app = Flask(__name__)

    @app.get("/items/<int:number>")
    def item(number):
        return {"number": number}

    @app.get("/stream")
    def stream():
        return Response(iter(["a", "b"]))

    @app.get("/boom")
    def boom():
        raise ZeroDivisionError

    return app


@pytest.mark.parametrize(
    ("path", "route", "code"),
    [
        ("/items/3", "/items/<int:number>", 200),
        ("/stream", "/stream", 200),
        ("/boom", "/boom", 500),
        ("/made-up", "other", 404),
    ],
)
def test_flask_routes_are_templates(serve, counted, path, route, code):
    app = flask_app()
    app.wsgi_app = Health().wsgi(app.wsgi_app)
    site = serve(app, "wsgi")
    assert site(path).status == code
    assert counted(site, 1) == {key(route, code): 1}


def test_routes_nobody_knows_are_one(serve, counted):
    site = serve(Health().wsgi(hello), "wsgi")
    for number in range(20):
        site(f"/made-up/{number}")
    assert counted(site, 20) == {key("other"): 20}


def test_a_route_can_be_told_by_the_app_or_a_function(serve, counted):
    def app(environ, start_response):
        environ["ci_reporter.route"] = "/told"
        return hello(environ, start_response)

    health = Health()
    call(health.wsgi(app))[0].close()
    call(health.wsgi(hello, route=lambda _: "/function"))[0].close()
    assert counted(serve(health.wsgi(), "wsgi"), 2) == {key("/told"): 1, key("/function"): 1}
