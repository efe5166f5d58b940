"""Reports make runs, and one row is one run, whoever told of it first."""

from __future__ import annotations

import pytest

from ci_reporter.hub.runs.book import Source, record
from ci_reporter.hub.runs.reading import changes_after, last_runs, record_at
from ci_reporter.hub.runs.steps import RunsOfReports
from tests.sightings import make_job, make_run

SHOP = "acme/shop"
MAIN = (SHOP, "CI", "main")


def _see(hub, *seen):
    record(hub, seen, source=Source.WEBHOOK, now_ms=5_000)


def _only(hub):
    (found,) = last_runs(hub.select, MAIN, 10)
    return record_at(hub.select, SHOP, found.ci_run_id)


def test_the_reports_of_a_run_are_one_run(hub, report):
    report({"at_s": 100}, {"at_s": 130, "exit_code": 1}, {"at_s": 90, "actor": "ada"})
    found = _only(hub)
    assert (found.state, found.steps.results) == ("failure", {"success": 2, "failure": 1})
    assert (found.started_ms, found.finished_ms, found.told.actor) == (89_000, 130_000, "ada")


def test_reports_of_later_requests_are_added(hub, report):
    for at_s, exit_code in ((100, 0), (110, 1), (105, 0)):
        report({"at_s": at_s, "exit_code": exit_code})
    found = _only(hub)
    assert (found.state, found.begun_ms, found.finished_ms) == ("failure", 99_000, 110_000)
    assert sum(found.steps.results.values()) == 3


def test_a_report_that_comes_twice_counts_once(hub, report):
    report({"report_id": "same"})
    report({"report_id": "same"})
    assert _only(hub).steps.results == {"success": 1}


def test_what_only_a_later_report_says_is_known_then(hub, report):
    report({})
    report({"environment": "production", "at_s": 101}, {"coverage_pct": 80.5, "at_s": 99})
    report({"coverage_pct": 70, "at_s": 98})
    found = _only(hub)
    assert (found.told.environment, found.steps.coverage_pct) == ("production", 80.5)


def test_a_later_report_may_be_of_a_step_that_began_before(hub, report):
    report({"at_s": 100})
    report({"at_s": 110, "duration_ms": 60_000, "revision": "c0ffee"})
    report({"at_s": 95})
    found = _only(hub)
    assert (found.begun_ms, found.started_ms, found.finished_ms) == (50_000, 50_000, 110_000)
    assert (found.told.revision, found.steps.count) == ("c0ffee", 3)


def test_a_run_that_was_deleted_is_written_again_with_all_that_is_known(hub, report):
    report({})
    hub.transact(lambda run: run("DELETE FROM run"))
    report({"actor": "ada"})
    assert (_only(hub).told.actor, _only(hub).steps.count) == ("ada", 1)


@pytest.mark.parametrize("first", ["reports", "system"])
def test_the_reports_and_the_ci_system_tell_of_one_run(hub, report, first):
    seen = make_run("failure", 200_000, started_ms=50_000, finished_ms=200_000, jobs=(make_job(),))
    steps = [report, lambda _: _see(hub, seen)]
    for tell in steps if first == "reports" else reversed(steps):
        tell({"coverage_pct": 90, "revision": "c0ffee"})
    found = _only(hub)
    assert (found.state, found.duration_ms, len(found.told.jobs)) == ("failure", 150_000, 1)
    assert (found.steps.results, found.steps.coverage_pct, found.told.revision) == ({"success": 1}, 90, "c0ffee")


@pytest.mark.parametrize("first", ["reports", "system"])
def test_a_run_whose_reports_have_an_id_of_their_own_is_one_run(hub, report, first):
    steps = [report, lambda _: _see(hub, make_run("success", jobs=(make_job(),)))]
    for tell in steps if first == "reports" else reversed(steps):
        tell({"ci_run_id": "release-7"})
    found = _only(hub)
    assert (found.ci_run_id, found.state, found.steps.results) == ("release-7", "success", {"success": 1})
    assert len(found.told.jobs) == 1
    assert record_at(hub.select, SHOP, "github-17-1") == found


def test_a_run_that_is_said_to_be_queued_and_has_steps_is_on_its_way(hub, report):
    report({"exit_code": 1})
    _see(hub, make_run("queued"))
    assert _only(hub).state == "running"
    report({})
    assert _only(hub).state == "running"


def test_the_result_of_the_ci_system_is_that_of_the_run(hub, report):
    _see(hub, make_run("success"))
    report({"exit_code": 1})
    assert _only(hub).state == "success"


def test_a_change_says_how_steps_changed_a_run(hub, report):
    report({})
    report({"exit_code": 1}, {"ci_run_id": "github-18-1", "pipeline_id": "18"})
    found = [(each.kind, each.subject, each.was, each.became) for each in changes_after(hub.select, 0, 10)]
    assert found == [
        ("steps", "github-17-1", None, "success"),
        ("steps", "github-17-1", "success", "failure"),
        ("steps", "github-18-1", None, "success"),
    ]


def test_many_runs_of_one_request_are_all_kept(hub, report):
    report(*({"ci_run_id": f"github-{number}-1", "pipeline_id": str(number)} for number in range(90)))
    assert len(last_runs(hub.select, MAIN, 100)) == 90


def test_a_transaction_that_was_undone_leaves_nothing_to_be_missed(hub, make_row):
    runs = RunsOfReports()
    row = make_row(body='{"actor": "ada"}')

    def undone(run):
        runs.write(run, [row])
        raise KeyError("the disk is full")

    with pytest.raises(KeyError):
        hub.transact(undone)
    hub.transact(lambda run: runs.write(run, [row]))
    assert _only(hub).told.actor == "ada"


def test_hostile_texts_are_made_harmless(hub, report):
    report({"actor": "a\x00b\ud800", "run_url": "javascript:alert(1)", "change": 12})
    found = last_runs(hub.select, (SHOP, "CI", "pull_request"), 1)[0].told
    assert (found.actor, found.url, found.change) == ("ab?", None, "12")


def test_a_report_without_a_run_makes_none(hub, report):
    report({"ci_run_id": None, "pipeline_id": None})
    assert last_runs(hub.select, MAIN, 10) == []
