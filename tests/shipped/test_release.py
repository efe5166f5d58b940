"""The commit that a release makes for `uses:`, and where the release workflow puts it."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

WHO = {f"GIT_{who}_{what}": f"{who}@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., str]:
    """Call git in a repository with one tagged commit, and with a remote."""
    folder = tmp_path / "repository"
    folder.mkdir()

    def call(*args: str) -> str:
        done = subprocess.run(["git", *args], cwd=folder, env=os.environ | WHO, check=True, stdout=subprocess.PIPE)
        return done.stdout.decode().strip()

    (folder / "action.yml").write_text("name: x\n")
    (folder / ".gitignore").write_text("*.pyz\n")
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "remote.git"], check=True)
    call("init", "-q", "-b", "main")
    call("add", "-A")
    call("commit", "-q", "-m", "one")
    call("tag", "v1.2.3")
    call("remote", "add", "origin", str(tmp_path / "remote.git"))
    return call


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A folder with the one file and its checksum."""
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "ci-reporter.pyz").write_bytes(b"PK\x00")
    digest = hashlib.sha256(b"PK\x00").hexdigest()
    (folder / "ci-reporter.pyz.sha256").write_text(f"{digest}  ci-reporter.pyz\n")
    return folder


def release_commit(root: Path, dist: Path) -> subprocess.CompletedProcess[str]:
    command = [root / "scripts/release-commit", "v1.2.3", dist]
    return subprocess.run(command, cwd=dist.parent / "repository", capture_output=True, text=True)


def test_commit_is_the_tagged_one_with_two_files_more(git: Callable[..., str], dist: Path, root: Path) -> None:
    commit = release_commit(root, dist).stdout.strip()
    assert git("diff", "--name-status", "v1.2.3", commit) == "A\tci-reporter.pyz\nA\tci-reporter.pyz.sha256"
    assert git("rev-parse", f"{commit}^") == git("rev-parse", "v1.2.3")


def test_nothing_else_changes(git: Callable[..., str], dist: Path, root: Path) -> None:
    before = git("for-each-ref"), git("status", "--porcelain")
    release_commit(root, dist)
    assert (git("for-each-ref"), git("status", "--porcelain")) == before


def test_same_release_is_the_same_commit(git: Callable[..., str], dist: Path, root: Path) -> None:
    assert release_commit(root, dist).stdout == release_commit(root, dist).stdout != ""


def test_file_with_another_checksum_is_not_committed(git: Callable[..., str], dist: Path, root: Path) -> None:
    (dist / "ci-reporter.pyz").write_bytes(b"other")
    done = release_commit(root, dist)
    assert (done.returncode, done.stdout) == (1, "")


def test_commit_that_cannot_be_made_ends_the_step(git: Callable[..., str], root: Path, tmp_path: Path) -> None:
    steps = yaml.safe_load((root / ".github/workflows/release.yml").read_text())["jobs"]["release"]["steps"]
    (script,) = [each["run"] for each in steps if each.get("id") == "action"]
    (tmp_path / "repository/scripts").symlink_to(root / "scripts")
    env = os.environ | {"GITHUB_SHA": "v1.2.3", "GITHUB_OUTPUT": str(tmp_path / "output")}
    done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path / "repository", env=env, check=False)
    assert (done.returncode != 0, (tmp_path / "output").exists()) == (True, False)


def test_major_tag_moves_and_the_releases_own_stays(git: Callable[..., str], dist: Path, root: Path) -> None:
    jobs: Any = yaml.safe_load((root / ".github/workflows/release.yml").read_text())["jobs"]
    script = next(step["run"] for step in jobs["release"]["steps"] if step.get("name") == "Move the major tag")
    git("push", "-q", "origin", "v1.2.3", "v1.2.3:refs/tags/v1")
    commit = release_commit(root, dist).stdout.strip()
    env = {"COMMIT": commit, "TOKEN": "t", "GITHUB_REF_NAME": "v1.2.3", "GITHUB_SERVER_URL": "http://127.0.0.1"}
    folder = dist.parent / "repository"
    subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=folder, env=os.environ | env, check=True)
    found = dict(reversed(line.split("\t")) for line in git("ls-remote", "origin").splitlines())
    assert found["refs/tags/v1"] == found["refs/tags/v1.2.3-action"] == commit
    assert found["refs/tags/v1.2.3"] == git("rev-parse", "v1.2.3")
