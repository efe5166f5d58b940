"""Deploys → verdicts → rollbacks, with a service, a webhook and a database that are real, and a clock that is not."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ci_reporter.config import yaml
from ci_reporter.frozen import replace
from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.deploys.commits import Since
from ci_reporter.hub.alerts.deploys.prober import Prober
from ci_reporter.hub.alerts.deploys.watcher import Around, Watcher
from ci_reporter.hub.alerts.deploys.watchfile import watches
from ci_reporter.hub.alerts.feed import Arrived
from ci_reporter.system.standardwebhooks import verify
from tests.hub.alerts.conftest import T0, make_event, make_rules

SECRET = "whsec_" + "c2VjcmV0" * 6
OLD, NEW = "a" * 40, "b" * 40
CONFIG = """
- name: shop
  environment: production
  url: {url}/health
  watch: 2m
  before: 2m
  every: 5s
  then: [robot, rollback]
  rollback: {{ webhook: "{url}/rollback", secret_env: ROLLBACK_SECRET, within: 1m }}
"""


# What each database can do is tested by the others.
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Service:
    """What is deployed: it answers with its revision, well or not; and who rolls it back."""

    def __init__(self) -> None:
        self.revision, self.status, self.answer = OLD, 200, 204
        self.called: list[dict] = []
        self.on_call = lambda: None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status = "pass" if outer.status == 200 else "fail"
                self._reply(outer.status, json.dumps({"status": status, "revision": outer.revision}).encode())

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                verify(dict(self.headers), body, [SECRET], outer.now_s())
                outer.called.append(json.loads(body))
                outer.on_call()
                self._reply(outer.answer, b"")

            def _reply(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Type", "application/health+json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class World:
    """A hub that watches the service; time passes when a test says so."""

    def __init__(self, store, service, now_s=T0 / 1000) -> None:
        self.store, self.service, self.now_s = store, service, now_s
        service.now_s = lambda: self.now_s
        text = CONFIG.format(url=service.url)
        (self.watch,) = watches(yaml.parse(text.replace("robot", "notify").encode(), "hub.yml"), {})
        rules = make_rules("  - { name: other, if: result == failure }\n")
        rules = type(rules)(**vars(rules) | {"policies": (*rules.policies, *self.watch.policies)})
        self.prober = Prober(self.watch, {}, lambda: self.now_s)

        def compare(run, base, head):
            return Since(lines=(f"3 commits since {base[:4]}: by Ada (2), Bob",), url="https://c/")

        around = Around(compare=compare, env={"ROLLBACK_SECRET": SECRET}, clock=lambda: self.now_s)
        self.watcher = Watcher(store, Book(store, rules, clock=lambda: self.now_s), [self.prober], around)

    def pass_time(self, seconds) -> None:
        for _ in range(round(seconds / self.watch.every_s)):
            self.now_s += self.watch.every_s
            self.prober.ask()
            self.watcher.look()

    def deploy(self, make_row, revision, status=200) -> None:
        self.service.revision, self.service.status = revision, status
        event = make_event(run={"revision": revision}, report={"environment": "production"})
        at = f"{self.now_s:.0f}"
        step = replace(event.report.step, finished_at=None)
        report = replace(event.report, step=step)
        event = type(event)(**vars(event) | {"report": report})
        self.watcher.hear(Arrived(make_row(ci_run_id=f"run-{at}"), event))

    @property
    def told(self) -> list[str]:
        rows = self.store.select("SELECT alert FROM alert_message ORDER BY number")
        return [json.loads(row[0])["title"] for row in rows]

    @property
    def alert_states(self) -> list[str]:
        rows = self.store.select("SELECT alert FROM alert_message ORDER BY number")
        return [json.loads(row[0]).get("state", "firing") for row in rows]

    @property
    def text(self) -> str:
        return json.loads(self.store.select("SELECT alert FROM alert_message ORDER BY number")[0][0])["text"]

    def states(self, table="deploy_watch") -> list[str]:
        order = "begun_ms" if table == "deploy_watch" else "planned_ms"
        return [row[0] for row in self.store.select(f"SELECT state FROM {table} ORDER BY {order}")]


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    yield found
    found.close()


@pytest.fixture
def world(store, service, make_row):
    """A hub that has seen one good deploy."""
    found = World(store, service)
    found.pass_time(60)
    found.deploy(make_row, OLD)
    found.pass_time(130)
    assert found.states() == ["passed"]
    assert found.told == []
    return found


def test_a_bad_deploy_is_told_rolled_back_once_and_verified(world, make_row):
    def roll_back():
        world.service.revision, world.service.status = OLD, 200

    world.service.on_call = roll_back
    world.deploy(make_row, NEW, status=500)
    world.pass_time(60)
    assert world.states() == ["passed", "failed"]
    assert world.told == [
        "shop in production is worse since the deploy of bbbbbbbbbbbb",
        "shop in production: rolled back",
    ]
    assert "3 commits since aaaa: by Ada (2), Bob" in world.text
    assert "rolling back to aaaaaaaaaaaa by webhook" in world.text
    (called,) = world.service.called
    assert (called["data"]["to_revision"], called["data"]["revision"]) == (OLD, NEW)
    assert world.states("rollback") == ["verified"]
    assert world.alert_states == ["firing", "resolved"]


@ON_SQLITE
def test_a_rollback_that_does_not_help_is_said(world, make_row):
    world.deploy(make_row, NEW, status=500)
    world.pass_time(120)
    assert len(world.service.called) == 1
    assert world.told[-1] == "shop in production: rolled back, and still bad"


@ON_SQLITE
def test_good_answers_of_the_bad_revision_verify_nothing(world, make_row):
    def recover():
        world.service.status = 200

    world.service.on_call = recover
    world.deploy(make_row, NEW, status=500)
    world.pass_time(120)
    assert world.states("rollback") == ["unverified"]


@ON_SQLITE
def test_a_rollback_that_is_refused_is_said_and_not_tried_again(world, make_row):
    world.service.answer = 503
    world.deploy(make_row, NEW, status=500)
    world.pass_time(60)
    assert len(world.service.called) == 1
    assert world.told[-1] == "shop in production: NOT rolled back"


@ON_SQLITE
def test_a_hub_that_is_killed_while_it_calls_does_not_call_again(world, make_row):
    class Killed(BaseException):
        pass

    world.deploy(make_row, NEW, status=500)
    world.watcher._ledger._note = lambda *_: (_ for _ in ()).throw(Killed)
    with pytest.raises(Killed):
        world.pass_time(60)
    again = World(world.store, world.service, world.now_s)
    again.pass_time(60)
    assert len(world.service.called) == 1
    assert again.states("rollback") == ["unknown"]
    assert again.told[-1] == "shop in production: perhaps rolled back"


@ON_SQLITE
def test_a_second_bad_deploy_within_the_hour_is_not_rolled_back(world, make_row):
    world.deploy(make_row, NEW, status=500)
    world.pass_time(120)
    world.deploy(make_row, "c" * 40, status=500)
    world.pass_time(30)
    assert len(world.service.called) == 1
    assert world.states() == ["passed", "failed", "failed"]


@ON_SQLITE
def test_a_hub_that_is_started_again_goes_on_with_the_watch(world, make_row):
    world.deploy(make_row, NEW)
    world.pass_time(60)
    again = World(world.store, world.service, world.now_s)
    again.pass_time(70)
    assert again.states() == ["passed", "passed"]


@ON_SQLITE
def test_a_good_deploy_ends_what_a_bad_one_has_begun(world, make_row):
    world.deploy(make_row, NEW, status=500)
    world.pass_time(120)
    world.deploy(make_row, "c" * 40)
    world.pass_time(240)
    assert world.told[-1] == "shop in production is worse since the deploy of cccccccccccc"
    rows = world.store.select("SELECT alert FROM alert_message ORDER BY number")
    assert json.loads(rows[-1][0])["state"] == "resolved"


def test_two_hubs_tell_and_roll_back_once(world, make_row):
    other = World(world.store, world.service, world.now_s)
    world.deploy(make_row, NEW, status=500)
    for _ in range(8):
        for each in (world, other):
            each.pass_time(5)
    assert len(world.service.called) == 1
    assert [each for each in world.told if "worse" in each] == [
        "shop in production is worse since the deploy of bbbbbbbbbbbb"
    ]


@ON_SQLITE
def test_a_deploy_that_follows_at_once_is_compared_with_what_was_before_both(world, make_row):
    world.deploy(make_row, NEW)
    world.pass_time(20)
    world.deploy(make_row, "c" * 40)
    assert world.states() == ["passed", "superseded", "watching"]
    baselines = world.store.select("SELECT baseline FROM deploy_watch ORDER BY begun_ms")
    assert baselines[1] == baselines[2]
