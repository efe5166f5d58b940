"""What was seen → the database: one row a run, and each change told once."""

from __future__ import annotations

import threading

import pytest

from ci_reporter.hub.runs.book import Source, record
from ci_reporter.hub.runs.reading import changes_after, last_runs, record_at
from ci_reporter.hub.runs.run import Key
from ci_reporter.hub.runs.steps import keep_runs
from ci_reporter.hub.store.opening import open_store
from tests.sightings import make_job, make_run

SHOP = "acme/shop"
MAIN = (SHOP, "CI", "main")


@pytest.fixture
def see(store):
    """Record sightings of the poller's; gives the changes."""

    def record_them(*seen, source=Source.POLL, now_ms=5_000):
        return record(store, seen, source=source, now_ms=now_ms)

    return record_them


def test_a_run_that_was_seen_is_found_by_the_name_that_its_reports_have(see, store):
    run = make_run("failure", 9_000, queued_ms=1_000, started_ms=2_000, finished_ms=9_000, jobs=(make_job("1"),))
    see(run)
    found = record_at(store.select, SHOP, "github-17-1")
    assert (found.state, found.begun_ms, found.duration_ms, found.waited_ms) == ("failure", 1_000, 7_000, 1_000)
    assert found.told.jobs == run.jobs


def test_a_change_says_what_was_and_what_became(see):
    see(make_run("queued"))
    (change,) = see(make_run("running", 2_000))
    assert (change.subject, change.was, change.became, change.branch) == ("github-17-1", "queued", "running", "main")


def test_what_is_seen_again_changes_nothing(see):
    seen = make_run("success", jobs=(make_job(),), coverage_pct=90.0)
    assert len(see(seen)) == 1
    assert see(seen) == []


def test_changes_are_kept_in_the_order_of_their_numbers(see, store):
    told = [*see(make_run("queued"), make_run(run_id="18")), *see(make_run("success", 2_000))]
    assert changes_after(store.select, 0, 10) == told
    assert changes_after(store.select, told[1].number, 10) == told[2:]


def test_each_attempt_is_a_run(see, store):
    see(make_run("failure"), make_run("success", attempt=2))
    assert [each.ci_run_id for each in last_runs(store.select, MAIN, 10)] == ["github-17-2", "github-17-1"]


def test_a_gitlab_pipeline_has_no_attempts_in_its_name(see, store):
    seen = make_run()
    see(type(seen)(key=Key("gitlab", "gitlab.com", SHOP, "17", 1), pipeline="x", status=seen.status, updated_ms=1))
    assert record_at(store.select, SHOP, "gitlab-17")


def test_two_servers_may_have_a_run_of_the_same_name(see, store):
    see(make_run("success"))
    see(make_run("failure", host="github.example.com"))
    see(make_run("error", 9_000, host="github.example.com"))
    found = {each.ci_run_id: each.state for each in last_runs(store.select, MAIN, 10)}
    assert found == {"github-17-1": "success", "github-17-1@github.example.com": "error"}


def test_pull_requests_are_one_series(see, store):
    see(make_run(branch="fix", change="12"))
    assert last_runs(store.select, (SHOP, "CI", "pull_request"), 10)


def test_hostile_names_are_made_harmless(see, store):
    see(make_run(branch="a\x00b\nc", pipeline="x" * 9_000, title="\ud800", url="javascript:alert(1)"))
    found = record_at(store.select, SHOP, "github-17-1").told
    assert (found.branch, len(found.pipeline), found.title, found.url) == ("ab", 800, "?", None)


def test_who_told_first_of_the_end_is_kept(see, store):
    see(make_run("success"), source=Source.WEBHOOK, now_ms=7_000)
    assert see(make_run("success"), source=Source.POLL, now_ms=8_000) == []
    found = record_at(store.select, SHOP, "github-17-1")
    assert (found.hooked_final_ms, found.polled_final_ms) == (7_000, 8_000)


def test_a_run_of_which_only_a_job_was_told_is_on_its_way(see, store):
    see(make_run("unknown", 0, jobs=(make_job(status="success"),)))
    assert record_at(store.select, SHOP, "github-17-1").state == "running"


def test_writers_at_the_same_time_lose_nothing(see, store):
    def work(number):
        for updated_ms in range(10):
            see(make_run("running", updated_ms, jobs=(make_job(str(number), updated_ms=updated_ms),)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = record_at(store.select, SHOP, "github-17-1").told
    assert found.updated_ms == 9
    assert [(job.job_id, job.updated_ms) for job in found.jobs] == [(str(number), 9) for number in range(4)]


def test_two_hubs_on_one_database_lose_nothing_and_number_changes_once(make_database, tmp_path, make_row):
    database = make_database("postgres", tmp_path)
    hubs = [open_store(database), open_store(database)]
    told = []

    def work(number, store):
        keep_runs(store)
        for updated_ms in range(8):
            job = make_job(str(number), updated_ms=updated_ms)
            seen = make_run("running", updated_ms, jobs=(job,))
            told.extend(record(store, [seen], source=Source.WEBHOOK, now_ms=1))
            store.write([[make_row(ci_run_id="github-17-1")]])

    threads = [threading.Thread(target=work, args=each) for each in enumerate(hubs)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = record_at(hubs[0].select, SHOP, "github-17-1")
    changes = changes_after(hubs[1].select, 0, 100)
    for each in hubs:
        each.close()
    assert (found.steps.results, [job.updated_ms for job in found.told.jobs]) == ({"success": 16}, [7, 7])
    assert len({each.number for each in changes}) == len(changes) == 16 + len(told)


def test_a_run_of_a_clock_that_is_years_ahead_stands_where_it_was_heard_of(store):
    ahead_ms = 253_402_300_799_000
    found = make_run(queued_ms=ahead_ms, started_ms=ahead_ms, finished_ms=ahead_ms, updated_ms=ahead_ms)
    record(store, [found], source=Source.WEBHOOK, now_ms=5_000)
    assert store.select("SELECT begun_ms FROM run") == [(5_000,)]
