"""A hub's database with known reports, and the API over it, in process: `get("/runs?branch=main")`."""

from __future__ import annotations

import asyncio
import json

import pytest

from ci_reporter.hub.api.endpoint import Api
from ci_reporter.hub.api.readers import Readers
from ci_reporter.hub.auth.access import ACCESS, Access
from ci_reporter.hub.ingest.parsing import flat_reports
from ci_reporter.hub.ingest.rows import Origin, rows
from ci_reporter.hub.runs.steps import keep_runs
from ci_reporter.hub.store.opening import open_store
from ci_reporter.model import rfc3339
from tests.hub.conftest import KINDS
from tests.hubs import Reply

NOW_S = 1_767_225_600.0  # 2026-01-01T00:00:00Z
DAY_S = 86_400
BRANCHES = ("main",)
EVERYBODY = Access()


def flat(number, *, ago_s=0.0, **more):
    """A report that ended some seconds ago; its step took one second."""
    finished_s = NOW_S - ago_s
    known = {
        "report_id": f"r{number:04d}",
        "ci_run_id": f"run-{number}",
        "repository": "acme/shop",
        "pipeline": "CI",
        "job_name": "unit",
        "step": "pytest",
        "branch": "main",
        "default_branch": "main",
        "revision": f"{number:040x}",
        "started_at": rfc3339(finished_s - 1),
        "finished_at": rfc3339(finished_s),
        "duration_ms": 1000,
        "exit_code": 0,
    }
    return {**known, **more}


class Hub:
    """A database that takes reports, and the API over it."""

    def __init__(self, database):
        self.store = open_store(database)
        keep_runs(self.store)

    def add(self, *flats):
        origin = Origin(sender=None, repository=None, now_s=NOW_S)
        bodies = (json.dumps(each, separators=(",", ":")).encode() for each in flats)
        self.store.write([rows(flat_reports(each), origin, BRANCHES) for each in bodies])

    def api(self):
        return Api(Readers(self.store.reading), clock=lambda: NOW_S)

    def ask(self, *targets, method="GET", headers=None, access=EVERYBODY):
        """The replies to requests, one after the other."""

        async def main():
            api = self.api()
            try:
                return [await call(api, target, method, headers or {}, access) for target in targets]
            finally:
                api.close()

        return asyncio.run(main())

    def get(self, target, **how):
        return self.ask(target, **how)[0]

    def items(self, target, **how):
        """All items of a list, page by page."""
        found, more = [], ""
        while more is not None:
            reply = self.get(f"{target}{more}", **how)
            assert reply.status == 200, reply.body
            found += reply.json["items"]
            cursor = reply.json["next_cursor"]
            more = cursor and f"{'&' if '?' in target else '?'}cursor={cursor}"
        return found


async def call(api, target, method, headers, access):
    """One request to an ASGI app."""
    path, _, query = target.partition("?")
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": f"/api/v1{path}",
        "raw_path": f"/api/v1{path}".encode(),
        "query_string": query.encode("utf-8", "surrogateescape"),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        **({ACCESS: access} if access else {}),
    }
    await api(scope, None, send)
    head, body = sent
    found = {name.decode(): value.decode() for name, value in head["headers"]}
    return Reply(status=head["status"], headers=found, body=body["body"])


@pytest.fixture
def hub(database):
    """An empty one of each kind."""
    found = Hub(database)
    yield found
    found.store.close()


@pytest.fixture
def make_flat():
    return flat


@pytest.fixture(scope="module", params=KINDS)
def shop(request, make_database, tmp_path_factory):
    """The runs of a shop: sixty, a minute apart, with two steps each; others' beside them. Nobody may add to it."""
    found = Hub(make_database(request.param, tmp_path_factory.mktemp("shop")))
    found.add(*history())
    yield found
    found.store.close()


def history():
    """Reports of all kinds."""
    for number in range(60):
        fails = number % 5 == 0
        ago_s = (60 - number) * 60
        yield flat(
            2 * number,
            ago_s=ago_s,
            ci_run_id=f"run-{number}",
            coverage_pct=80 + number / 10,
            coverage={"unit": "line", "covered": 800 + number, "total": 1000},
            exit_code=int(fails),
            tests={"total": 10, "passed": 10 - fails, "failed": int(fails), "errors": 0, "skipped": 0},
            failed_tests=["test_cart"] if fails else [],
            flaky_tests=["test_net"] if number % 7 == 0 else [],
            slowest_tests={"test_cart": 100 + number},
        )
        branch = "main" if number % 2 else "feature/x"
        yield flat(2 * number + 1, ago_s=ago_s - 10, ci_run_id=f"run-{number}", step="lint", branch=branch)
    yield flat(900, ago_s=30, repository="acme/secret", ci_run_id="run-1")
    yield flat(901, ago_s=20, ci_run_id="deploy-1", pipeline="Deploy", environment="production", step="deploy")
    gate = {"verdict": "pass", "probes": 100, "rules": {"outage": "pass"}}
    yield flat(902, ago_s=10, ci_run_id="deploy-1", pipeline="Deploy", environment="production", step="gate", gate=gate)
    yield {"report_id": "minimal", "pipeline_id": 17, "job_name": "x", "duration_ms": 5, "exit_code": 3}
