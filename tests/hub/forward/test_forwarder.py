"""Reports handed on to a real Pushgateway."""

from __future__ import annotations

import json

import pytest

from ci_reporter.http import Access
from ci_reporter.hub.forward import waiting
from ci_reporter.hub.forward.forwarder import Forwarder
from ci_reporter.hub.ingest.parsing import flat_reports
from ci_reporter.hub.ingest.rows import Origin, rows
from ci_reporter.hub.store.opening import open_store
from ci_reporter.model import rfc3339, uuid7
from ci_reporter.schema import from_json
from ci_reporter.sinks.pushgateway import Pushgateway
from ci_reporter.system.deadline import Deadline
from tests.conftest import serving

NOW_S = 1_767_225_600.0
NOWHERE = "http://127.0.0.1:9"  # a port that nobody listens on


def flat(ago_s=0.0, **more):
    known = {
        "report_id": uuid7(),
        "repository": "acme/shop",
        "pipeline": "CI",
        "job_name": "unit",
        "step": "pytest",
        "branch": "main",
        "finished_at": rfc3339(NOW_S - ago_s),
        "duration_ms": 1000,
        "exit_code": 0,
    }
    return known | more


def sink(url):
    return Pushgateway(url=url, access=Access(), branches=("main",), label_budget=200)


class Hub:
    """A database, and a forwarder that is asked to work, as its thread does."""

    def __init__(self, path, url):
        self.store = open_store(path)
        self.now_s = NOW_S
        self.forwarder = Forwarder(self.store, sink(url), clock=lambda: self.now_s)
        self.forwarder.note_reports()

    def add(self, *flats):
        origin = Origin(sender=None, repository=None, now_s=self.now_s)
        self.store.write([rows(flat_reports(json.dumps(each).encode()), origin, ("main",)) for each in flats])

    def waiting(self):
        return waiting.backlog(self.store).reports


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A real Pushgateway; each test has repositories of its own."""
    folder = tmp_path_factory.mktemp("gateway")
    flags = ("--web.listen-address=127.0.0.1:{port}", f"--persistence.file={folder / 'data'}")
    with serving("prometheus-pushgateway", *flags, log=folder / "log") as server:
        yield server


@pytest.fixture
def hub(database, gateway):
    yield from closing(Hub(database, gateway.url))


def closing(hub):
    yield hub
    hub.store.close()


def group(gateway, **labels):
    """The group with these labels, as the gateway's API lists it."""
    found = json.loads(gateway.get("/api/v1/metrics"))["data"]
    return next(each for each in found if each["labels"].items() >= labels.items())


def value(found, name):
    return float(found[name]["metrics"][0]["value"])


def test_a_report_arrives_as_the_job_would_have_pushed_it(hub, gateway):
    by_hub, by_job = flat(repository="by/hub", coverage_pct=93.1), flat(repository="by/job", coverage_pct=93.1)
    hub.add(by_hub)
    hub.forwarder.hand_on()
    sink(gateway.url).send(from_json(by_job), [], Deadline(30))
    theirs, ours = group(gateway, repository="by/job"), group(gateway, repository="by/hub")
    assert ours["labels"] | {"repository": "by/job"} == theirs["labels"]
    families = {name for name, each in theirs.items() if isinstance(each, dict) and each.get("metrics")}
    measured = {name for name in families if name.startswith("ci_")}
    assert {name: value(ours, name) for name in measured} == {name: value(theirs, name) for name in measured}


def test_what_was_handed_on_waits_no_more(hub):
    hub.add(flat(), flat(step="lint"))
    assert hub.waiting() == 2
    hub.forwarder.hand_on()
    assert (hub.waiting(), hub.forwarder.pushed) == (0, 2)


def test_an_older_report_is_not_pushed_over_a_newer_one(hub, gateway):
    for ago_s, duration_ms in ((0, 2000), (60, 9000)):
        hub.add(flat(ago_s, repository="acme/order", duration_ms=duration_ms))
        hub.forwarder.hand_on()
    assert value(group(gateway, repository="acme/order"), "ci_step_duration_seconds") == 2
    assert hub.waiting() == 0


def test_what_only_an_earlier_report_measured_stays(hub, gateway):
    hub.add(flat(60, repository="acme/kept", coverage={"unit": "line", "covered": 8, "total": 10}))
    hub.add(flat(0, repository="acme/kept", exit_code=1))
    hub.forwarder.hand_on()
    found = group(gateway, repository="acme/kept")
    assert (value(found, "ci_coverage_ratio"), value(found, "ci_step_exit_code")) == (0.8, 1)


def test_nothing_is_lost_while_the_gateway_is_away_and_the_hub_starts_again(database, gateway):
    first = Hub(database, NOWHERE)
    first.add(flat(repository="acme/late"))
    pauses = [first.forwarder.hand_on() for _ in range(3)]
    assert pauses == [2, 4, 8]
    assert (first.waiting(), first.forwarder.failures) == (1, 3)
    waiting.end_lease(first.store, first.forwarder._owner)
    first.store.close()
    second = Hub(database, gateway.url)
    second.forwarder.hand_on()
    assert value(group(gateway, repository="acme/late"), "ci_step_duration_seconds") == 1
    second.store.close()


def test_what_the_gateway_turns_down_keeps_nobody_else_waiting(database, start_pushgateway):
    server = start_pushgateway()
    Pushgateway(url=server.url, access=Access(), branches=(), label_budget=9).gateway.push(
        {"job": "other"}, b"# TYPE ci_tests counter\nci_tests 1\n", Deadline(30)
    )
    hub = Hub(database, server.url)
    counts = {"total": 1, "passed": 1, "failed": 0, "errors": 0, "skipped": 0}
    hub.add(flat(step="pytest", tests=counts), flat(step="lint"))
    hub.forwarder.hand_on()
    assert (hub.waiting(), hub.forwarder.pushed, hub.forwarder.failures) == (1, 1, 0)
    assert waiting.due(hub.store, round(hub.now_s * 1000), 10) == []
    hub.now_s += 11
    assert [each.attempts for each in waiting.due(hub.store, round(hub.now_s * 1000), 10)] == [1]
    hub.store.close()


def test_a_report_that_is_not_kept_any_more_is_dropped(hub):
    hub.add(flat())
    hub.store.transact(lambda run: run("DELETE FROM report"))
    hub.forwarder.hand_on()
    assert (hub.waiting(), hub.forwarder.dropped) == (0, 1)


def test_of_two_hubs_one_hands_on(hub):
    now_ms = round(hub.now_s * 1000)
    assert waiting.take_lease(hub.store, "a", now_ms)
    assert not waiting.take_lease(hub.store, "b", now_ms + 1)
    assert waiting.take_lease(hub.store, "a", now_ms + 2)
    assert waiting.take_lease(hub.store, "b", now_ms + 2 + waiting.LEASE_MS + 1)


def test_a_lease_that_ended_is_free(hub):
    waiting.take_lease(hub.store, "a", 0)
    waiting.end_lease(hub.store, "a")
    assert waiting.take_lease(hub.store, "b", 0)


def test_the_lag_is_since_when_the_oldest_waits(database):
    for hub in closing(Hub(database, NOWHERE)):
        hub.add(flat())
        hub.now_s += 90
        hub.forwarder.hand_on()
        text = "".join(text for block in hub.forwarder.blocks() for text in block.lines)
        assert "ci_hub_forward_lag_seconds 90\n" in text
        assert "ci_hub_forward_waiting 1\n" in text
        assert "ci_hub_forward_failures_total 1\n" in text
