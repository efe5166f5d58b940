"""Gitea and Forgejo: runs with jobs, runs alone, and of an old server runs that are made from tasks."""

from __future__ import annotations

import time

import pytest

from ci_reporter.hub.upstream.problems import RefusedError
from ci_reporter.hub.upstream.state import State
from tests.fakes.gitea import FakeGitea
from tests.hub.upstream.watching import asynchronous, watching

NOW = float(round(time.time()) - 600)


@asynchronous
@pytest.mark.parametrize(("kind", "provider"), [("gitea", "gitea"), ("forgejo", "forgejo")])
async def test_a_run_is_told_as_it_is(kind, provider):
    fake = FakeGitea(kind)
    fake.add("acme/shop", 7, "success", NOW, NOW + 30)
    fake.add_job(7, 70, "unit", "success", NOW, NOW + 30)
    async with watching(fake, provider) as hub:
        assert await hub.look() == {"7.1": "success"}
        run = hub.runs["7", 1]
    assert (run.key.provider, run.pipeline, run.branch, run.actor) == (provider, "ci.yml", "main", "ann")
    assert (run.revision, run.started_ms, run.finished_ms) == (f"{7:040x}", NOW * 1000, NOW * 1000 + 30_000)
    assert [job.name for job in run.jobs] == (["unit"] if kind == "gitea" else [])


@asynchronous
async def test_runs_of_an_old_server_are_made_from_its_tasks():
    fake = FakeGitea("old")
    fake.add("acme/shop", 7, "success", NOW, NOW + 30)
    fake.add_job(7, 70, "unit", "success", NOW, NOW + 30)
    fake.add_job(7, 71, "lint", "failure", NOW + 5, NOW + 60)
    fake.add("acme/shop", 8, "running", NOW)
    fake.add_job(8, 80, "unit", "running", NOW)
    async with watching(fake, "gitea") as hub:
        assert await hub.look() == {"number-8.1": "running", "number-7.1": "failure"}
        run = hub.runs["number-7", 1]
        assert await hub.look() is None
    assert (len(run.jobs), run.started_ms, run.finished_ms) == (2, NOW * 1000, NOW * 1000 + 60_000)


@asynchronous
async def test_a_repository_that_is_not_there_is_said_and_no_reason_to_think_the_server_old():
    fake = FakeGitea()
    fake.add("acme/shop", 7, "success", NOW, NOW + 30)
    async with watching(fake, "gitea") as hub:
        with pytest.raises(RefusedError, match="answered 404: The target couldn't be found"):
            await hub.look("acme/nope")
        assert await hub.look() == {"7.1": "success"}


@asynchronous
async def test_runs_that_began_and_ended_between_two_looks_are_all_told():
    fake = FakeGitea("forgejo")
    fake.add("acme/shop", 1, "success", NOW, NOW + 30)
    async with watching(fake, "forgejo", jobs="no") as hub:
        await hub.look()
        for number in range(2, 152):
            fake.add("acme/shop", number, "failure", NOW + number, NOW + number + 1)
        assert len(await hub.look()) == 150
        assert await hub.look() is None


@asynchronous
async def test_a_run_that_goes_on_is_followed_with_its_jobs():
    fake = FakeGitea()
    fake.add("acme/shop", 7, "running", NOW)
    fake.add_job(7, 70, "unit", "running", NOW)
    async with watching(fake, "gitea") as hub:
        await hub.look()
        await hub.look()
        assert await hub.look() is None
        fake.add_job(7, 70, "unit", "failure", NOW, NOW + 9)
        assert await hub.look() == {"7.1": "running"}
        fake.add("acme/shop", 7, "failure", NOW, NOW + 10)
        assert await hub.look() == {"7.1": "failure"}
        assert [str(job.status) for job in hub.runs["7", 1].jobs] == ["failure"]


@asynchronous
async def test_a_wildcard_is_the_repositories_of_an_owner():
    fake = FakeGitea()
    for name in ("acme/shop", "acme/api", "other/x"):
        fake.add(name, 1, "success", NOW, NOW + 1)
    async with watching(fake, "gitea") as hub:
        assert (await hub.upstream.discover("acme/a*", State())).names == ["acme/api"]
        assert (await hub.upstream.check()).who == "robot"


@asynchronous
async def test_attempts_between_two_looks_are_kept_apart():
    fake = FakeGitea()
    fake.add("acme/shop", 7, "running", NOW)
    async with watching(fake, "gitea") as hub:
        await hub.look()
        fake.add("acme/shop", 7, "failure", NOW, NOW + 10)
        fake.add("acme/shop", 7, "failure", NOW + 20, NOW + 30, run_attempt=2)
        fake.add("acme/shop", 7, "success", NOW + 40, NOW + 50, run_attempt=3)
        assert await hub.look() == {"7.1": "failure", "7.2": "failure", "7.3": "success"}
        assert (await hub.upstream.run("acme/shop", "7", 2)).status == "failure"


@asynchronous
async def test_a_server_that_keeps_no_attempts_tells_the_last_one():
    fake = FakeGitea()
    fake.add("acme/shop", 7, "success", NOW, NOW + 10, run_attempt=2)
    async with watching(fake, "gitea") as hub:
        assert await hub.look() == {"7.2": "success"}


@asynchronous
@pytest.mark.parametrize(
    ("behind", "found"),
    [
        ("refs/heads/a/b", ("a/b", None, None)),
        ("refs/tags/v1", (None, "v1", None)),
        ("refs/pull/12/head", (None, None, "12")),
    ],
)
async def test_the_ref_behind_the_workflow_says_what_the_run_is_of(behind, found):
    fake = FakeGitea()
    fake.add("acme/shop", 7, "success", NOW, NOW + 30, head_branch="", path=f"ci.yml@{behind}")
    async with watching(fake, "gitea") as hub:
        await hub.look()
    run = hub.runs["7", 1]
    assert (run.branch, run.tag, run.change) == found


@asynchronous
@pytest.mark.parametrize(
    ("kind", "word", "status"),
    [
        *(("gitea", "queued", "queued"), ("gitea", "waiting", "waiting"), ("forgejo", "waiting", "queued")),
        *(("forgejo", "blocked", "waiting"), ("forgejo", "running", "running")),
    ],
)
async def test_waiting_is_another_word_for_each(kind, word, status):
    fake = FakeGitea(kind)
    fake.add("acme/shop", 7, word, NOW)
    async with watching(fake, kind) as hub:
        assert await hub.look() == {"7.1": status}
