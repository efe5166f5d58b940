"""A bare WSGI service that answers the gate:  python service.py 8000"""

import sys
from wsgiref.simple_server import make_server

from ci_reporter.health import Check, Health, find


def hello(environ, start_response):
    environ["ci_reporter.route"] = "/hello/{name}"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"hello {environ['PATH_INFO'][7:]}\n".encode()]


def database():
    """Raises when it is not there."""


app = Health(find(beside=__file__), [Check("database", database, timeout_s=1)]).wsgi(hello)

if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
