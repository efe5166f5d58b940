"""GitHub: every run and each attempt of it, whatever happened between two looks, and nothing asked for twice."""

from __future__ import annotations

import time

import pytest

from ci_reporter.hub.runs.run import Key
from ci_reporter.hub.upstream.problems import RefusedError
from tests.fakes.github import FakeGitHub
from tests.hub.upstream.watching import asynchronous, watching

NOW = float(round(time.time()) - 600)


@pytest.fixture
def fake():
    found = FakeGitHub()
    found.add("acme/shop", 1, "success", NOW)
    return found


@asynchronous
async def test_a_run_is_told_as_it_is(fake):
    fake.add(
        "acme/shop", 7, "in_progress", NOW + 10, head_branch="fix", pull_requests=[{"number": 12}], event="pull_request"
    )
    fake.add_job("acme/shop", 7, "unit", "success", NOW + 12)
    async with watching(fake, "github") as hub:
        assert await hub.look() == {"1.1": "success", "7.1": "running"}
        run = hub.runs["7", 1]
    host = fake.url.removeprefix("http://")
    assert run.key == Key("github", host, "acme/shop", "7", 1)
    assert (run.pipeline, run.branch, run.change, run.actor, run.event) == ("CI", "fix", "12", "ann", "pull_request")
    assert (run.revision, run.ci_run_id, run.started_ms) == (f"{7:040x}", "github-7-1", round(NOW + 10) * 1000)
    assert [(job.name, str(job.status), job.runner) for job in run.jobs] == [("unit", "success", "runner-1")]


@asynchronous
async def test_a_push_to_the_branch_of_a_pull_request_is_not_a_run_of_it(fake):
    fake.add("acme/shop", 7, "success", NOW, head_branch="fix", pull_requests=[{"number": 12}])
    async with watching(fake, "github") as hub:
        await hub.look()
    assert (hub.runs["7", 1].branch, hub.runs["7", 1].change) == ("fix", None)


@asynchronous
async def test_nothing_new_is_one_request_that_is_free(fake):
    async with watching(fake, "github") as hub:
        await hub.look()
        left = fake.remaining
        assert await hub.look() is None
    assert (fake.remaining, fake.answered[304], hub.meter.revalidated[fake.url[7:]]) == (left, 1, 1)


@asynchronous
async def test_a_restart_begins_where_the_last_process_was(fake):
    async with watching(fake, "github") as hub:
        await hub.look()
    async with watching(fake, "github") as again:
        again.states = hub.states
        assert await again.look() is None
    assert fake.answered[304] == 1


@asynchronous
async def test_runs_that_began_and_ended_between_two_looks_are_all_told(fake):
    async with watching(fake, "github") as hub:
        await hub.look()
        for number in range(2, 252):
            fake.add("acme/shop", number, "failure", NOW + number)
        found = await hub.look()
    assert set(found) == {f"{number}.1" for number in range(2, 252)}


@asynchronous
async def test_a_run_that_others_have_pushed_off_the_first_page_is_followed(fake):
    fake.add("acme/shop", 2, "in_progress", NOW)
    async with watching(fake, "github") as hub:
        await hub.look()
        for number in range(3, 153):
            fake.add("acme/shop", number, "success", NOW + number)
        await hub.look()
        fake.add("acme/shop", 2, "success", NOW + 300)
        for _ in range(5):
            await hub.look()
        assert hub.runs["2", 1].status == "success"


@asynchronous
async def test_attempts_between_two_looks_are_kept_apart(fake):
    fake.add("acme/shop", 2, "in_progress", NOW)
    async with watching(fake, "github") as hub:
        await hub.look()
        fake.add("acme/shop", 2, "failure", NOW + 20)
        fake.add("acme/shop", 2, "failure", NOW + 50, attempt=2)
        fake.add("acme/shop", 2, "success", NOW + 90, attempt=3)
        assert await hub.look() == {"2.1": "failure", "2.2": "failure", "2.3": "success"}
        assert hub.runs["2", 3].ci_run_id == "github-2-3"


@asynchronous
async def test_a_jobs_end_is_seen_though_its_run_says_nothing_new(fake):
    fake.add("acme/shop", 2, "in_progress", NOW)
    fake.add_job("acme/shop", 2, "unit", "in_progress", NOW)
    async with watching(fake, "github") as hub:
        await hub.look()
        await hub.look()
        left = fake.remaining
        assert await hub.look() is None
        assert fake.remaining == left  # what goes on is revalidated, too
        fake.add_job("acme/shop", 2, "unit", "failure", NOW)
        assert await hub.look() == {"2.1": "running"}
        assert [str(job.status) for job in hub.runs["2", 1].jobs] == ["failure"]


@asynchronous
async def test_the_first_look_goes_back_as_far_as_history_and_asks_for_no_old_jobs(fake):
    fake.add("acme/shop", 2, "success", NOW - 3 * 86_400)
    async with watching(fake, "github", history="1d") as hub:
        assert await hub.look() == {"1.1": "success"}
    assert len(fake.asked) == 1


@asynchronous
async def test_jobs_of_many_runs_are_asked_for_over_several_looks(fake):
    async with watching(fake, "github") as hub:
        await hub.look()
        for number in range(2, 52):
            fake.add("acme/shop", number, "success", NOW + number)
            fake.add_job("acme/shop", number, "unit", "success", NOW)
        assert len(await hub.asked()) <= 40
        for _ in range(2):
            await hub.look()
        assert all(len(hub.runs[str(number), 1].jobs) == 1 for number in range(2, 52))
        assert await hub.look() is None


@asynchronous
async def test_only_branches_that_are_asked_for_are_told(fake):
    fake.add("acme/shop", 2, "success", NOW, head_branch="wip/x")
    fake.add("acme/shop", 3, "success", NOW, head_branch="release/1")
    async with watching(fake, "github", branches="[main, release/*]") as hub:
        assert set(await hub.look()) == {"1.1", "3.1"}


@asynchronous
async def test_a_run_that_was_deleted_is_let_go(fake):
    fake.add("acme/shop", 2, "in_progress", NOW)
    async with watching(fake, "github") as hub:
        await hub.look()
        del fake.runs["acme/shop"][2]
        await hub.look()
        assert await hub.look() is None


@asynchronous
async def test_a_wildcard_is_the_repositories_of_an_owner(fake):
    for name, topics in (("acme/api", ["production"]), ("acme/old", []), ("other/x", [])):
        fake.add(name, 1, "success", NOW)
        fake.topics[name] = topics
    fake.archived.add("acme/old")
    async with watching(fake, "github") as hub:
        assert (await hub.upstream.discover("acme/*", hub_state())).names == ["acme/shop", "acme/api"]
        assert (await hub.upstream.discover("*", hub_state())).names == ["acme/shop", "acme/api", "other/x"]
    async with watching(fake, "github", topics="production") as hub:
        assert (await hub.upstream.discover("acme/*", hub_state())).names == ["acme/api"]


def hub_state():
    from ci_reporter.hub.upstream.state import State

    return State()


@asynchronous
async def test_one_run_is_asked_for_when_it_is_to_be_verified(fake):
    fake.add_job("acme/shop", 1, "unit", "success", NOW)
    async with watching(fake, "github") as hub:
        assert (await hub.upstream.run("acme/shop", "1", 1)).jobs[0].name == "unit"
        assert await hub.upstream.run("acme/shop", "99", 1) is None


@asynchronous
async def test_a_token_says_what_it_may(fake):
    async with watching(fake, "github") as hub:
        access = await hub.upstream.check()
        assert (access.who, access.scopes, access.missing) == ("robot", ("repo", "read:org"), "")
        fake.scopes = "read:org"
        assert "scope repo" in (await hub.upstream.check()).missing


@asynchronous
async def test_a_repository_that_is_not_there_is_said(fake):
    async with watching(fake, "github") as hub:
        with pytest.raises(RefusedError, match=r"^github at 127.0.0.1:\d+ answered 404: Not Found$"):
            await hub.look("acme/nope")


@asynchronous
async def test_refs_and_commits_that_git_does_not_have_are_not_taken(fake):
    fake.add("acme/shop", 2, "success", NOW, head_branch="a..b", head_sha="cafe", html_url="javascript:alert(1)")
    async with watching(fake, "github") as hub:
        await hub.look()
        run = hub.runs["2", 1]
    assert (run.branch, run.revision, run.url) == (None, None, None)
