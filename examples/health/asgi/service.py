"""A bare ASGI service that answers the gate:  uvicorn service:app"""

from ci_reporter.health import Check, Health, find


async def hello(scope, _receive, send):
    if scope["type"] != "http":
        return
    scope["ci_reporter.route"] = "/hello/{name}"
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": f"hello {scope['path'][7:]}\n".encode()})


async def database():
    """Raises when it is not there."""


app = Health(find(beside=__file__), [Check("database", database, timeout_s=1)]).asgi(hello)
