"""What is put into a stamp: the run, the checkout, and what is wished."""

from __future__ import annotations

import os
import subprocess

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.model import BuildInfo, Run
from ci_reporter.stamp.building import Checkout, Wishes, build_info, checkout

RUN = Run(
    ci_run_id="github-1-1",
    provider="github",
    node="runner-1",
    branch="main",
    revision="c0ffee",
    run_url="https://ci/1",
    repository_url="https://git/shop",
)
FOUND = Checkout(described="v1.2-3-gc0ffee", dirty=True, commit_time_s=1_769_860_800)


def made(run=RUN, found=FOUND, env=None, **wishes) -> BuildInfo:
    return build_info(run, found, env or {}, Wishes(**wishes), lambda: 1_800_000_000.5)


def test_all_that_is_known_is_in_it():
    assert made() == BuildInfo(
        version="v1.2-3-gc0ffee",
        revision="c0ffee",
        branch="main",
        dirty=True,
        build_time="2026-01-31T12:00:00.000Z",
        builder="github/runner-1",
        ci_run_id="github-1-1",
        run_url="https://ci/1",
        repository_url="https://git/shop",
    )


@pytest.mark.parametrize(
    ("tag", "wanted", "version"),
    [(None, None, "v1.2-3-gc0ffee"), ("v1.3", None, "v1.3"), ("v1.3", "2.0", "2.0")],
    ids=["described", "tag", "wanted"],
)
def test_where_the_version_is_from(tag, wanted, version):
    assert made(Run(tag=tag), version=wanted).version == version


@pytest.mark.parametrize(
    ("env", "now", "time"),
    [
        ({}, False, "2026-01-31T12:00:00.000Z"),
        ({"SOURCE_DATE_EPOCH": "0"}, False, "1970-01-01T00:00:00.000Z"),
        ({"SOURCE_DATE_EPOCH": ""}, False, "2026-01-31T12:00:00.000Z"),
        ({"SOURCE_DATE_EPOCH": "0"}, True, "2027-01-15T08:00:00.500Z"),
    ],
    ids=["commit", "epoch", "empty epoch", "now"],
)
def test_where_the_build_time_is_from(env, now, time):
    assert made(env=env, now=now).build_time == time


def test_without_git_the_time_is_unknown_and_not_now():
    assert made(found=Checkout()).build_time is None


def test_reproducible_leaves_out_what_differs_between_two_runs():
    again = Run(**{**vars(RUN), "ci_run_id": "github-2-1", "run_url": "https://ci/2", "node": "runner-2"})
    assert made(reproducible=True) == made(again, reproducible=True)
    assert made(reproducible=True).revision == "c0ffee"


def test_the_wall_clock_is_not_reproducible():
    with pytest.raises(UsageError, match="--now and --reproducible"):
        made(now=True, reproducible=True)


@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "9" * 30])
def test_an_epoch_that_is_none_is_refused(value):
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        made(env={"SOURCE_DATE_EPOCH": value})


@pytest.mark.parametrize("value", ["1\n2", "\x1b[2J", "1" * 1001], ids=["lines", "escape", "long"])
def test_a_version_that_is_none_is_refused(value):
    with pytest.raises(UsageError, match="is not a version"):
        made(version=value)


def test_a_value_too_long_to_be_read_back_is_left_out():
    assert made(Run(**{**vars(RUN), "run_url": "https://ci/" + "1" * 1000})).run_url is None


def test_the_id_of_no_run_is_left_out():
    assert made(Run(ci_run_id="local-0198")).ci_run_id is None
    assert made(Run(ci_run_id="mine"), env={"CI_RUN_ID": "mine"}).ci_run_id == "mine"


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit of 2026-01-31T12:00:00Z."""

    def git(*arguments):
        date = {"GIT_AUTHOR_DATE": "1769860800 +0000", "GIT_COMMITTER_DATE": "1769860800 +0000"}
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, env=os.environ | date, check=True)

    (tmp_path / "a").write_text("1")
    git("init", "-q")
    git("add", "a")
    git("commit", "-qm", "a")
    return tmp_path, git


def test_a_clean_checkout_is_described_by_its_tag(repository):
    folder, git = repository
    git("tag", "v1.0")
    assert checkout(str(folder), os.environ) == Checkout(described="v1.0", dirty=False, commit_time_s=1769860800)


def test_a_checkout_without_a_tag_is_described_by_its_commit(repository):
    folder, _ = repository
    assert len(checkout(str(folder), os.environ).described) == 12


def test_a_changed_file_is_dirty_and_a_built_one_is_not(repository):
    folder, git = repository
    git("tag", "v1.0")
    (folder / "dist").write_text("built")
    assert checkout(str(folder), os.environ).dirty is False
    (folder / "a").write_text("2")
    assert checkout(str(folder), os.environ) == Checkout(described="v1.0-dirty", dirty=True, commit_time_s=1769860800)


def test_without_a_repository_nothing_is_known(tmp_path):
    assert checkout(str(tmp_path), os.environ | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}) == Checkout()


def test_without_git_nothing_is_known(tmp_path):
    assert checkout(str(tmp_path), {"PATH": str(tmp_path)}) == Checkout()
