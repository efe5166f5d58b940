"""Jenkins: a folder by one call, and every build of its jobs, also when more came than the call shows."""

from __future__ import annotations

import time

import pytest

from ci_reporter.hub.upstream.problems import RefusedError
from ci_reporter.hub.upstream.state import State
from tests.fakes.jenkins import MULTIBRANCH, FakeJenkins
from tests.hub.upstream.watching import asynchronous, watching

NOW = time.time() - 600
KEYS = {"username": "robot", "repositories": '"*"'}


@pytest.fixture
def fake():
    found = FakeJenkins()
    found.folders["platform/shop"] = MULTIBRANCH
    found.add("platform/shop/main", 1, "SUCCESS", NOW)
    return found


@asynchronous
async def test_a_branch_of_a_multibranch_job_is_told_as_it_is(fake):
    fake.add("platform/shop/feature%2Fx", 4, None, NOW)
    fake.add("platform/shop/PR-12", 3, "UNSTABLE", NOW, duration_s=30)
    async with watching(fake, "jenkins", **KEYS) as hub:
        assert sorted((await hub.look("platform/shop")).values()) == ["failure", "running", "success"]
    runs = {run.branch or run.change: run for run in hub.runs.values()}
    assert set(runs) == {"main", "feature/x", "12"}
    assert {(run.pipeline, run.key.repository) for run in runs.values()} == {("platform/shop", "platform/shop")}
    assert runs["feature/x"].key.run_id == "jenkins-platform-shop-feature%2Fx-4"
    assert (runs["feature/x"].estimated_ms, runs["12"].finished_ms - runs["12"].started_ms) == (61_000, 30_000)
    assert runs["main"].revision == f"{1:040x}"


@asynchronous
async def test_a_look_is_one_call_and_the_same_body_is_not_read_again(fake):
    fake.add("platform/shop/dev", 1, "SUCCESS", NOW)
    async with watching(fake, "jenkins", **KEYS) as hub:
        assert len(await hub.asked("platform/shop")) == 1
        assert await hub.look("platform/shop") is None
    assert hub.meter.revalidated[fake.url[7:]] == 1


@asynchronous
async def test_builds_that_the_call_does_not_show_are_told_too(fake):
    async with watching(fake, "jenkins", **KEYS) as hub:
        await hub.look("platform/shop")
        for number in range(2, 60):
            fake.add("platform/shop/main", number, "FAILURE", NOW + number)
        found = await hub.look("platform/shop")
    assert set(found) == {f"jenkins-platform-shop-main-{number}.1" for number in range(2, 60)}


@asynchronous
async def test_a_build_that_went_on_is_told_when_it_ends(fake):
    fake.add("job", 1, None, NOW)
    async with watching(fake, "jenkins", **KEYS) as hub:
        assert await hub.look("/") == {"jenkins-job-1.1": "running"}
        fake.add("job", 1, "ABORTED", NOW)
        assert await hub.look("/") == {"jenkins-job-1.1": "cancellation"}


@asynchronous
async def test_a_pattern_is_the_folders_that_have_its_jobs(fake):
    fake.add("platform/tool", 1, "SUCCESS", NOW)
    fake.add("other/deep/job", 1, "SUCCESS", NOW)
    async with watching(fake, "jenkins", **KEYS) as hub:
        names = {
            pattern: sorted((await hub.upstream.discover(pattern, State())).names)
            for pattern in ("*", "platform/*", "platform/shop", "platform/tool", "other/*/job")
        }
    assert names == {
        "*": ["other/deep", "platform", "platform/shop"],
        "platform/*": ["platform", "platform/shop"],
        "platform/shop": ["platform/shop"],
        "platform/tool": ["platform"],
        "other/*/job": ["other/deep"],
    }


@asynchronous
async def test_only_jobs_that_are_asked_for_are_told(fake):
    fake.add("platform/tool", 1, "SUCCESS", NOW)
    fake.add("platform/old-tool", 1, "SUCCESS", NOW)
    async with watching(fake, "jenkins", username="robot", repositories="platform", exclude="platform/old-*") as hub:
        assert await hub.look("platform") == {"jenkins-platform-tool-1.1": "success"}


@asynchronous
async def test_a_wrong_token_is_said(fake):
    async with watching(fake, "jenkins", username="somebody", repositories="x") as hub:
        with pytest.raises(RefusedError, match=r"answered 401 \(is token_env: T still the right one\?\)"):
            await hub.look("/")


@asynchronous
async def test_one_build_is_asked_for_when_it_is_to_be_verified(fake):
    async with watching(fake, "jenkins", **KEYS) as hub:
        found = await hub.upstream.run("platform/shop", "jenkins-platform-shop-main-1", 1)
        assert found.status == "success"
        assert await hub.upstream.run("platform/shop", "jenkins-platform-shop-main-9", 1) is None
