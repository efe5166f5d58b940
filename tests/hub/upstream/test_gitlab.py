"""GitLab: every pipeline by the time of its change, those of merge requests and child pipelines among them."""

from __future__ import annotations

import time

import pytest

from ci_reporter.hub.upstream.state import State
from tests.fakes.gitlab import FakeGitLab
from tests.hub.upstream.watching import asynchronous, watching

NOW = time.time() - 600


@pytest.fixture
def fake():
    found = FakeGitLab()
    found.add("acme/shop", 1, "success", NOW)
    return found


@asynchronous
async def test_a_pipeline_is_told_as_it_is(fake):
    async with watching(fake, "gitlab") as hub:
        await hub.look()
        fake.add("acme/shop", 2, "success", NOW + 5, ref="refs/merge-requests/7/head", source="merge_request_event")
        fake.add_job(2, 21, "unit", "failed", NOW, failure_reason="script_failure", retried=True)
        fake.add_job(2, 22, "unit", "failed", NOW, failure_reason="stuck_or_timeout_failure")
        assert await hub.look() == {"2.1": "success"}
        run = hub.runs["2", 1]
    assert (run.branch, run.change, run.event, run.actor) == (None, "7", "merge_request_event", "ann")
    assert (run.coverage_pct, run.ci_run_id, run.pipeline) == (91.5, "gitlab-2", "acme/shop")
    assert run.started_ms - run.queued_ms == 4000
    assert [(job.job_id, str(job.status)) for job in run.jobs] == [("21", "failure"), ("22", "timeout")]


@asynchronous
async def test_nothing_new_is_two_lists_without_a_body(fake):
    async with watching(fake, "gitlab") as hub:
        await hub.look()
        await hub.look()
        before = dict(fake.answered)
        assert await hub.look() is None
    assert fake.answered[304] - before.get(304, 0) == 2
    assert fake.answered[200] == before[200]


@asynchronous
async def test_pipelines_that_began_and_ended_between_two_looks_are_all_told(fake):
    async with watching(fake, "gitlab", jobs="no") as hub:
        await hub.look()
        for number in range(2, 252):
            fake.add("acme/shop", number, "failed", NOW + number / 1000)
        await hub.look()
    assert {int(number) for number, _ in hub.runs} == set(range(1, 252))


@asynchronous
async def test_a_hundred_pipelines_of_one_moment_are_turned_over_by_page(fake):
    async with watching(fake, "gitlab", jobs="no") as hub:
        await hub.look()
        for number in range(2, 252):
            fake.add("acme/shop", number, "failed", NOW + 1)
        await hub.look()
    assert {int(number) for number, _ in hub.runs} == set(range(1, 252))


@asynchronous
async def test_a_child_pipeline_knows_its_parent(fake):
    async with watching(fake, "gitlab") as hub:
        await hub.look()
        fake.add("acme/shop", 2, "success", NOW + 5)
        fake.add("acme/shop", 3, "failed", NOW + 4, source="parent_pipeline")
        fake.add_child("acme/shop", 2, 3)
        assert await hub.look() == {"3.1": "failure", "2.1": "success"}
        assert (hub.runs["3", 1].parent_run_id, hub.runs["2", 1].parent_run_id) == ("2", None)


@asynchronous
async def test_the_jobs_of_a_pipeline_that_goes_on_are_followed(fake):
    fake.add("acme/shop", 2, "running", NOW)
    fake.add_job(2, 21, "unit", "running", NOW)
    async with watching(fake, "gitlab") as hub:
        await hub.look()
        await hub.look()
        assert await hub.look() is None
        fake.add_job(2, 21, "unit", "success", NOW)
        assert await hub.look() == {"2.1": "running"}
        assert [str(job.status) for job in hub.runs["2", 1].jobs] == ["success"]


@asynchronous
async def test_a_pipeline_that_is_retried_is_seen_to_run_again(fake):
    fake.add("acme/shop", 2, "failed", NOW)
    async with watching(fake, "gitlab") as hub:
        await hub.look()
        fake.add("acme/shop", 2, "running", NOW + 100)
        assert await hub.look() == {"2.1": "running"}


@asynchronous
async def test_a_wildcard_is_the_projects_of_a_group_and_its_subgroups(fake):
    fake.add("acme/web/site", 5, "success", NOW)
    fake.add("other/x", 6, "success", NOW)
    fake.topics["acme/web/site"] = ["production"]
    async with watching(fake, "gitlab") as hub:
        assert (await hub.upstream.discover("acme/*", State())).names == ["acme/shop", "acme/web/site"]
        assert (await hub.upstream.discover("acme/web/*", State())).names == ["acme/web/site"]
        assert (await hub.upstream.discover("*", State())).names == ["acme/shop", "acme/web/site", "other/x"]
    async with watching(fake, "gitlab", topics="production") as hub:
        assert (await hub.upstream.discover("acme/*", State())).names == ["acme/web/site"]


@asynchronous
async def test_a_token_says_what_it_may(fake):
    async with watching(fake, "gitlab") as hub:
        access = await hub.upstream.check()
        assert (access.who, access.scopes, access.expires, access.missing) == (
            "poller",
            ("read_api",),
            "2027-01-01",
            "",
        )
        fake.scopes = ["read_user"]
        assert "scope read_api" in (await hub.upstream.check()).missing


@asynchronous
async def test_one_pipeline_is_asked_for_when_it_is_to_be_verified(fake):
    async with watching(fake, "gitlab") as hub:
        assert (await hub.upstream.run("acme/shop", "1", 1)).status == "success"
        assert await hub.upstream.run("acme/shop", "99", 1) is None
