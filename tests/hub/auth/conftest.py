"""The whole hub in process, with its guard: `site.ask("GET", "/metrics", {"Authorization": "Bearer ..."})`."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from urllib.parse import quote, urlencode

import pytest

from ci_reporter.hub.auth import passwords, tokens, users
from ci_reporter.hub.auth.access import Role, Scope
from ci_reporter.hub.ingest.secrets import SecretsSource
from ci_reporter.hub.server import Options, application
from ci_reporter.hub.store.opening import open_store
from ci_reporter.hub.store.retention import Keep
from tests.hub.conftest import KINDS
from tests.hubs import Reply

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
CHEAP = passwords.Cost(n=4, r=8, p=1)
PASSWORD = "correct horse battery"
DAY_MS = 86_400_000


def now_ms():
    return round(time.time() * 1000)


class Site:
    """A hub with its guard. Requests are answered one after the other, on one event loop."""

    def __init__(self, path, *, secrets=SECRET, host="127.0.0.1", **options):
        self.store = open_store(str(path))
        source = SecretsSource("SECRETS", {"SECRETS": secrets})
        known = {"host": host, "port": 0, "database": str(path), "secrets": source, "branches": ("main",)}
        self.app = application(Options(**known, keep=Keep(), **options), self.store)
        self._runner = asyncio.Runner()
        self._runner.run(self._start())

    async def _start(self):
        self._ends = asyncio.Event()
        started = asyncio.Event()
        messages = iter(("lifespan.startup", "lifespan.shutdown"))

        async def receive():
            kind = next(messages)
            if kind == "lifespan.shutdown":
                await self._ends.wait()
            return {"type": kind}

        async def send(_):
            started.set()

        self._life = asyncio.create_task(self.app({"type": "lifespan"}, receive, send))
        await started.wait()

    def close(self):
        """Stop it, as the server would."""

        async def end():
            self._ends.set()
            await self._life

        self._runner.run(end())
        self._runner.close()

    def ask(self, method, target, headers=(), body=b"", **scope):
        """The reply to a request. Headers are a dict, or pairs."""
        return self._runner.run(self._ask(method, target, headers, body, scope))

    async def _ask(self, method, target, headers, body, scope):
        sent = []
        path, _, query = target.partition("?")
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        if "host" not in {name.lower() for name, _ in pairs}:
            pairs.append(("Host", "127.0.0.1:8750"))
        messages = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]

        async def receive():
            return messages.pop(0)

        async def send(message):
            sent.append(message)

        known = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": query.encode(),
            "scheme": "http",
            "client": ("127.0.0.1", 40_000),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
        }
        await self.app(known | scope, receive, send)
        if known["type"] != scope.get("type", "http"):
            return sent
        found = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Reply(status=sent[0]["status"], headers=found, body=b"".join(each.get("body", b"") for each in sent[1:]))

    def get(self, target, token=None, **more):
        """The reply to GET with a token."""
        return self.ask("GET", target, {**(bearer(token) if token else {}), **more})

    def post_form(self, target, headers=(), **fields):
        """The reply to a form."""
        pairs = [*dict(headers).items(), ("Content-Type", "application/x-www-form-urlencoded")]
        return self.ask("POST", target, pairs, urlencode(fields).encode())

    def report(self, headers=(), **more):
        """The reply to a report."""
        body = {"report_id": f"r{time.monotonic_ns()}", "job_name": "unit", "duration_ms": 1, "exit_code": 0, **more}
        pairs = [*dict(headers).items(), ("Content-Type", "application/json")]
        return self.ask("POST", "/ci-report", pairs, json.dumps(body).encode())

    def token(self, *scopes, repositories=None, name=None, expires_ms=None):
        """A new token's secret."""
        wanted = tokens.Wanted(
            name or f"t{time.monotonic_ns()}", [Scope(each) for each in scopes], repositories, expires_ms
        )
        return tokens.create(self.store, wanted, now_ms())[1]

    def user(self, name, role="viewer", repositories=None, password=PASSWORD):
        """A new user."""
        kept = passwords.encode(password, CHEAP)
        users.add(self.store, users.User(name, kept, Role(role), repositories, now_ms()))
        return name


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def basic(name, password=PASSWORD):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture
def make_site(tmp_path):
    """Make a hub of one's own: `make_site(secrets="")`."""
    made = []

    def make(**options):
        made.append(Site(tmp_path / f"hub{len(made)}.db", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module", params=KINDS)
def site(request, make_database, tmp_path_factory):
    """A hub that reports of acme/shop and acme/secret have come to; each test adds tokens and users of its own."""
    found = Site(make_database(request.param, tmp_path_factory.mktemp("site")))
    ingest = bearer(found.token("ingest"))
    for repository in ("acme/shop", "acme/secret"):
        more = {"repository": repository, "pipeline": "CI", "ci_run_id": f"run-of-{repository[5:]}", "branch": "main"}
        assert found.report(ingest, report_id=f"of-{repository[5:]}", **more).status == 202
    yield found
    found.close()
