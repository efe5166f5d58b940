"""Beside the requests: each run is counted once, gaps of webhooks are found, what is old goes."""

from __future__ import annotations

from functools import partial

import pytest

from ci_reporter.hub.runs import book
from ci_reporter.hub.runs.book import Source, record
from ci_reporter.hub.runs.change import Change, Kind, insert_all, take_numbers
from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.deployments import keep, last_deployments
from ci_reporter.hub.runs.reading import changes_after, last_runs
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.runs.upkeep import Upkeep
from ci_reporter.hub.webhooks.deliveries import Delivery, Outcome, insert
from ci_reporter.hub.webhooks.event import Event
from ci_reporter.hub.webhooks.source import Source as Sender
from tests.sightings import make_run

SHOP = "acme/shop"
_TOTALS = "SELECT result, runs FROM pipeline_total ORDER BY result"
_DAY_S = 86_400


def _sweep(hub, now_s, keep_s=None):
    Upkeep(hub, keep_s, clock=lambda: now_s).sweep()


def _see(hub, *seen, source=Source.POLL, now_ms=1_000):
    record(hub, seen, source=source, now_ms=now_ms)


def _deployment(status="success", updated_ms=1_000, **more):
    known = {"provider": "github", "host": "github.com", "repository": SHOP, "deployment_id": "1"}
    return Deployment(environment="production", status=Status(status), updated_ms=updated_ms, **{**known, **more})


def test_a_run_is_counted_when_it_is_over_and_only_once(hub):
    for status in ("running", "failure", "failure", "success"):
        _see(hub, make_run(status, 2_000 + len(status)))
    assert hub.select(_TOTALS) == [("failure", 1)]


def test_how_long_runs_took_and_waited_is_counted(hub):
    _see(hub, make_run("success", 9_000, queued_ms=1_000, started_ms=3_000, finished_ms=9_000))
    found = hub.select("SELECT kind, le_ms, runs, sum_ms FROM pipeline_time ORDER BY kind")
    assert found == [("ran", 15_000, 1, 6_000), ("waited", 5_000, 1, 2_000)]


def test_a_run_that_only_reports_tell_of_is_counted_when_no_more_come(hub, report):
    report({"at_s": 100})
    _sweep(hub, 10_300)
    assert hub.select(_TOTALS) == []
    for now_s in (11_000, 12_000):
        _sweep(hub, now_s)
    assert hub.select(_TOTALS) == [("success", 1)]
    _see(hub, make_run("failure"))
    assert hub.select(_TOTALS) == [("success", 1)]


def test_what_polling_saw_end_and_no_webhook_told_of_is_a_gap_where_webhooks_come(hub):
    _see(hub, make_run("success"), make_run("success", run_id="18"), make_run("success", repository="acme/other"))
    _see(hub, make_run("success"), source=Source.WEBHOOK)
    came = Delivery(
        source=Sender.GITHUB, delivery_id="1", digest="1", received_ms=1, name="push", event=Event(repository=SHOP)
    )
    hub.transact(lambda run: insert(run, came, Outcome.RECORDED, ""))
    _sweep(hub, 60)
    assert hub.select("SELECT runs FROM webhook_gap") == []  # it may still come
    for now_s in (200, 300):
        _sweep(hub, now_s)
    assert hub.select("SELECT provider, host, runs FROM webhook_gap") == [("github", "github.com", 1)]


def test_old_runs_go_and_what_was_counted_stays(hub):
    later_ms = 50 * _DAY_S * 1000
    _see(hub, make_run("success", 1_000), make_run("success", later_ms, run_id="18"), now_ms=later_ms)
    _sweep(hub, 60 * _DAY_S, keep_s=30 * _DAY_S)
    assert [each.told.key.run_id for each in last_runs(hub.select, (SHOP, "CI", "main"), 9)] == ["18"]
    assert hub.select(_TOTALS) == [("success", 2)]


def test_old_changes_go_in_pieces(hub):
    def fill(run):
        number = take_numbers(run, 1_100)
        push = {"kind": Kind.PUSH, "repository": SHOP, "subject": "main"}
        insert_all(run, [Change(number=number + at, at_ms=at, **push) for at in range(1, 1_101)])

    hub.transact(fill)
    _sweep(hub, 30 * _DAY_S)
    assert len(changes_after(hub.select, 0, 1_000)) == 100


@pytest.mark.parametrize("order", [1, -1])
def test_a_deployment_that_is_told_twice_is_one(hub, order):
    run = make_run("success", environment="production")
    tells = [
        lambda statement: book.keep(statement, [run], source=Source.WEBHOOK, now_ms=1),
        lambda statement: keep(statement, [_deployment(ci_run_id="github-17-1")], 1),
    ]
    for tell in tells[::order]:
        hub.transact(tell)
    assert hub.select("SELECT environment, result, deployments FROM deployment_total") == [("production", "success", 1)]


def test_deployments_are_merged_and_told(hub):
    for seen in (_deployment("success", 3_000), _deployment("running", 2_000), _deployment("success", 3_000)):
        hub.transact(partial(keep, seen=[seen], now_ms=1))
    assert [each.status for each in last_deployments(hub.select, SHOP, "production", 9)] == ["success"]
    assert [(each.kind, each.was, each.became) for each in changes_after(hub.select, 0, 9)] == [
        ("deployment", None, "success")
    ]
