"""Cards of every kind, and a hub with runs and reports whose pages are asked for in process."""

from __future__ import annotations

import json

import pytest

from ci_reporter.hub.page.wall.card import Bar, Card, Place
from ci_reporter.hub.page.wall.cards import Cards
from ci_reporter.hub.runs.book import Source, record
from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.deployments import keep
from ci_reporter.hub.runs.run import Job, Key, Run, Status
from ci_reporter.hub.runs.steps import keep_runs
from ci_reporter.model import rfc3339
from tests.conftest import eventually
from tests.hub.auth.conftest import Site, now_ms

HOSTILE = "</title><script>alert(1)</script> \"'&<img src=x onerror=alert(2)>\x1b[31m\u202e"
NOW_MS = 1_780_000_000_000
REVISION = "c0ffee" + "0" * 34


def make_card(*statuses, repository="acme/shop", pipeline="CI", branch="main", environment=""):
    """A card whose runs ended so, newest first, an hour apart."""
    bars = []
    for at, status in enumerate(statuses or (Status.SUCCESS,)):
        ended_ms = NOW_MS - at * 3_600_000
        finished = ended_ms if Status(status).is_final else None
        bars.append(Bar(f"run-{at}", Status(status), ended_ms - 60_000, finished, REVISION))
    return Card(place=Place(repository, pipeline, branch, environment), bars=bars)


def make_cards(*cards):
    """A wall of these cards."""
    found = Cards()
    found.replace(cards)
    return found


def make_run(number=1, status=Status.SUCCESS, ago_s=60, **more):
    """What a CI system tells of a run that began a minute ago."""
    at_ms = now_ms() - 1000 * ago_s
    known = {
        "key": Key("github", "github.com", more.pop("repository", "acme/shop"), str(number), 1),
        "ci_run_id": f"github-{number}-1",
        "pipeline": "CI",
        "status": status,
        "branch": "main",
        "default_branch": "main",
        "revision": REVISION,
        "title": "Add a cart",
        "url": f"https://github.com/acme/shop/actions/runs/{number}",
        "queued_ms": at_ms,
        "started_ms": at_ms + 5_000,
        "finished_ms": at_ms + 50_000 if status.is_final else None,
        "updated_ms": at_ms + (50_000 if status.is_final else 5_000),
    }
    return Run(**{**known, **more})


def make_deployment(**more):
    """What a CI system tells of a deployment that went well."""
    known = {"provider": "github", "host": "github.com", "repository": "acme/shop", "deployment_id": "7"}
    known |= {"environment": "staging", "status": Status.SUCCESS, "revision": REVISION, "branch": "main"}
    return Deployment(**{**known, "actor": "grace", "updated_ms": now_ms() - 60_000, **more})


def see(store, *runs):
    """Let a hub's database have seen these runs."""
    return record(store, runs, source=Source.POLL, now_ms=now_ms())


def report(number=1, ago_s=30, **more):
    """A report of a step of that run."""
    ended_s = now_ms() / 1000 - ago_s
    known = {
        "report_id": f"report-{number}-{more.get('step', 'pytest')}",
        "ci_run_id": f"github-{number}-1",
        "repository": "acme/shop",
        "pipeline": "CI",
        "job_name": "unit",
        "step": "pytest",
        "branch": "main",
        "default_branch": "main",
        "revision": REVISION,
        "run_url": f"https://github.com/acme/shop/actions/runs/{number}",
        "started_at": rfc3339(ended_s - 12),
        "finished_at": rfc3339(ended_s),
        "duration_ms": 12_000,
        "exit_code": 0,
    }
    return {**known, **more}


FAILURES = [{"name": "test_cart", "message": "1 is not 2\nat all", "path": "test_cart.py", "line": 4}]
COUNTS = {"total": 9, "passed": 8, "failed": 1, "errors": 0, "skipped": 0}
GATE = {"verdict": "fail", "rules": {"slow": "fail"}, "p95_ms_before": 46.0, "p95_ms": 363.0, "error_ratio": 0.1}


def post(site, *reports):
    """Report these."""
    for each in reports:
        body = json.dumps(each).encode()
        assert site.ask("POST", "/ci-report", {"Content-Type": "application/json"}, body).status == 202


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A hub that needs no sign-in, with two runs, a deployment, and one of a hostile repository. Nobody adds to it."""
    found = Site(tmp_path_factory.mktemp("page") / "hub.db", secrets="")
    job = Job(job_id="7", name="unit", status=Status.FAILURE, queued_ms=1000, started_ms=2000, finished_ms=9000)
    keep_runs(found.store)
    see(
        found.store,
        make_run(1, ago_s=3600),
        make_run(5, ago_s=7200, title="Never reported"),
        make_run(2, Status.FAILURE, jobs=(job,), updated_ms=now_ms()),
        hostile_run(),
    )
    post(found, report(1, ago_s=3580, coverage_pct=90.0), report(2, step="lint"))
    found.store.transact(lambda run: keep(run, [make_deployment(), make_deployment(repository="acme/cart")], now_ms()))
    failed = {"failures": FAILURES, "failed_tests": ["test_cart"], "tests": COUNTS, "coverage_pct": 89.5}
    post(found, report(2, exit_code=1, output_tail="last words", **failed))
    deploy = {"pipeline": "Deploy", "environment": "production", "ci_run_id": "deploy-1"}
    post(found, report(3, step="deploy", **deploy), report(3, step="gate", exit_code=1, gate=GATE, **deploy))
    names = dict.fromkeys(("repository", "pipeline", "branch", "job_name", "step", "environment", "actor"), HOSTILE)
    post(
        found,
        report(
            4,
            **names,
            report_id="evil",
            ci_run_id="evil",
            run_url="javascript:alert(1)",
            failed_tests=[HOSTILE],
            tests=COUNTS,
        ),
    )
    eventually(lambda: found.get("/").body.count(b"<article") >= 2, "the wall to have its cards")
    yield found
    found.close()


def hostile_run():
    """A run all of whose names are hostile."""
    return make_run(9, repository=HOSTILE, pipeline=HOSTILE, branch=HOSTILE, title=HOSTILE, url="javascript:alert(1)")
