"""A step gets to a real hub: signed, once, in batches; what the hub does not take waits in the spool."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from ci_reporter.http import Access
from ci_reporter.sinks.hub import Hub as Sink
from ci_reporter.system.deadline import Deadline
from tests.hubs import running_hub

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SHOPS = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQIhrs="


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    secrets = f"{SECRET}\nshops/*: {SHOPS}"
    with running_hub(tmp_path_factory.mktemp("hub"), CI_REPORTER_HUB_SECRETS=secrets) as found:
        yield found


@pytest.fixture
def sink(hub):
    return Sink(url=hub.url, access=Access(), keys=(SECRET,))


@pytest.fixture
def stored(hub):
    """What the hub has of these ids, in the order of their arrival."""

    def find(*ids):
        with closing(sqlite3.connect(hub.database)) as connection:
            bodies = [json.loads(body) for (body,) in connection.execute("SELECT body FROM report ORDER BY rowid")]
        return [body for body in bodies if body["report_id"] in ids]

    return find


def test_a_step_gets_there_by_one_setting_and_a_secret(run_program, hub, stored):
    env = {"CI_REPORTER_HUB": hub.url, "CI_REPORTER_HUB_SECRET": SECRET}
    done = run_program("run", "--json", "--name", "unit", "--", "sh", "-c", "exit 3", env=env)
    report = json.loads(done.stdout)
    (body,) = stored(report["report_id"])
    assert (done.returncode, body["step"], body["exit_code"]) == (3, "unit", 3)
    assert not list((run_program.folder / ".ci-reporter" / "spool").glob("*.json"))


def test_a_step_that_was_refused_waits_for_flush(run_program, hub, stored):
    env = {"CI_REPORTER_HUB": hub.url}
    done = run_program("run", "--json", "--", "true", env=env)
    assert "answered 401: the signature is missing, wrong, or more than five minutes old" in done.stderr
    flushed = run_program("flush", env={**env, "CI_REPORTER_HUB_SECRET": SECRET})
    assert "1 of 1 waiting reports delivered, 0 left" in flushed.stderr
    assert len(stored(json.loads(done.stdout)["report_id"])) == 1


def test_a_backlog_goes_in_batches(sink, make_report, stored):
    reports = [make_report(report_id=f"backlog-{n}") for n in range(250)]
    receipt = sink.send(None, reports, Deadline(30))
    assert receipt.taken == {each.report_id for each in reports}
    assert len(stored(*receipt.taken)) == 250


def test_a_report_that_is_sent_twice_is_kept_once(sink, make_report, stored):
    for _ in range(2):
        assert sink.send(make_report(report_id="twice"), [], Deadline(30)).taken == {"twice"}
    assert len(stored("twice")) == 1


def test_one_report_that_no_hub_takes_does_not_hold_up_the_others(sink, make_report):
    reports = [make_report(report_id=f"batch-{n}", duration_ms=-1 if n == 3 else 1) for n in range(8)]
    receipt = sink.send(None, reports, Deadline(30))
    assert len(receipt.taken) == 7
    assert "422: duration_ms: -1 is not between" in receipt.refused["batch-3"]


def test_a_repositorys_own_secret_signs_only_its_reports(hub, make_report):
    sink = Sink(url=hub.url, access=Access(), keys=(SHOPS,))
    reports = [
        make_report(report_id=f"own-{name}", repository=name.replace("-", "/")) for name in ("shops-a", "acme-b")
    ]
    receipt = sink.send(None, reports, Deadline(30))
    assert receipt.taken == {"own-shops-a"}
    assert "answered 401" in receipt.refused["own-acme-b"]


def test_the_old_secret_and_the_new_one_sign_together(hub, make_report):
    sink = Sink(url=hub.url, access=Access(), keys=(SHOPS, SECRET))
    assert sink.send(make_report(report_id="rotated"), [], Deadline(30)).taken == {"rotated"}


def test_a_server_that_takes_everything_is_not_a_hub(vendor, answer, make_report):
    sink = Sink(url=vendor(answer(200, b"ok")).url, access=Access())
    (why,) = sink.send(make_report(), [], Deadline(30)).refused.values()
    assert "answered 200 with ok; that is not a hub" in why


def test_a_hub_under_pressure_is_tried_again_later(vendor, answer, make_report):
    sink = Sink(url=vendor(answer(503, b"{}", retry_after="60")).url, access=Access())
    (why,) = sink.send(make_report(), [], Deadline(5)).refused.values()
    assert "answered 503" in why


def test_a_dry_run_shows_no_secret(sink, make_report):
    shown = sink.preview(make_report())
    assert "X-CI-Repository: acme/shop" in shown
    assert "webhook-signature: v1,***" in shown
    assert SECRET not in shown + repr(sink)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (SECRET, "takes our signature"),
        ("", "set CI_REPORTER_HUB_SECRET (or CI_REPORTER_HUB_SECRET_FILE)"),
        (SHOPS, "set CI_REPORTER_HUB_SECRET to a secret that the hub knows for this repository"),
    ],
    ids=["right", "none", "wrong"],
)
def test_doctor_says_whether_the_secret_is_right(run_program, hub, secret, said):
    env = {"CI_REPORTER_HUB": hub.url, "CI_REPORTER_HUB_SECRET": secret}
    done = run_program("doctor", env=env)
    assert said in done.stdout + done.stderr
