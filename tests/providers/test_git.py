"""What git fills in, with real repositories."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ci_reporter.frozen import replace
from ci_reporter.model import Run
from ci_reporter.providers import git

SUBJECT, AUTHOR = "fix the cart", "Ann Ash"
LOCAL, CI = Run(provider="local"), Run(provider="buildkite", revision="HEAD")

Git = Callable[..., str]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment in which git has no configuration but what a test writes."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the repository is."""
    place = tmp_path / "shop"
    place.mkdir()
    return place


@pytest.fixture
def run_git(folder: Path, env: dict[str, str]) -> Git:
    """Call git in the repository."""

    def call(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return call


@pytest.fixture
def repository(run_git: Git) -> Git:
    """One commit on `main`, and a remote whose address holds a token."""
    run_git("init", "--quiet", "--initial-branch=main")
    run_git("config", "user.name", AUTHOR)
    run_git("config", "user.email", "ann@acme.test")
    run_git("commit", "--quiet", "--allow-empty", "--message", f"{SUBJECT}\n\nIt was empty.")
    run_git("remote", "add", "origin", "https://ann:secret@git.acme.test/acme/shop.git")
    run_git("update-ref", "refs/remotes/origin/main", "HEAD")
    run_git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    return run_git


@pytest.fixture
def slow_git(tmp_path: Path) -> Iterator[str]:
    """A PATH on which git takes long."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 20\n")
    program.chmod(0o755)
    return f"{program.parent}:/usr/bin:/bin"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("branch", "main"),
        ("tag", None),
        ("default_branch", "main"),
        ("repository", "acme/shop"),
        ("repository_url", "https://git.acme.test/acme/shop.git"),
        ("commit_message", SUBJECT),
        ("commit_author", AUTHOR),
    ],
)
def test_local_run(repository, folder, env, field, value):
    assert getattr(git.fill(LOCAL, str(folder), env), field) == value


def test_revision_is_the_commit(repository, folder, env):
    assert git.fill(LOCAL, str(folder), env).revision == repository("rev-parse", "HEAD")


def test_workspace_is_the_top_of_the_repository(repository, folder, env):
    (folder / "deep").mkdir()
    assert git.fill(LOCAL, str(folder / "deep"), env).workspace == str(folder)


def test_detached_head_is_no_branch(repository, folder, env):
    repository("checkout", "--quiet", "--detach")
    assert git.fill(LOCAL, str(folder), env).branch is None


def test_branch_with_a_slash_and_a_comma(repository, folder, env):
    repository("checkout", "--quiet", "-b", "fix/cart,again")
    assert git.fill(LOCAL, str(folder), env).branch == "fix/cart,again"


@pytest.mark.parametrize("annotated", [(), ("--message", "one")], ids=["lightweight", "annotated"])
def test_tag_of_the_very_commit(repository, folder, env, annotated):
    repository("tag", "v1", *annotated)
    assert git.fill(LOCAL, str(folder), env).tag == "v1"


def test_tag_of_an_earlier_commit_is_not_its(repository, folder, env):
    repository("tag", "v1")
    repository("commit", "--quiet", "--allow-empty", "--message", "more")
    assert git.fill(LOCAL, str(folder), env).tag is None


@pytest.mark.parametrize(
    ("url", "name", "shown"),
    [
        ("git@git.acme.test:acme/shop.git", "acme/shop", "git@git.acme.test:acme/shop.git"),
        ("ssh://git@git.acme.test/acme/shop", "acme/shop", "ssh://git.acme.test/acme/shop"),
        ("/srv/git/shop.git", None, None),
    ],
    ids=["scp", "ssh", "path"],
)
def test_address_of_the_remote(repository, folder, env, url, name, shown):
    repository("remote", "set-url", "origin", url)
    run = git.fill(LOCAL, str(folder), env)
    assert (run.repository, run.repository_url) == (name, shown)


def test_no_remote(repository, folder, env):
    repository("remote", "remove", "origin")
    run = git.fill(LOCAL, str(folder), env)
    assert (run.repository, run.default_branch, run.branch) == (None, None, "main")


def test_nothing_known_is_overridden(repository, folder, env):
    known = Run(provider="local", branch="b", revision="a" * 40, repository="r", repository_url="u", workspace="w")
    run = git.fill(known, str(folder), env)
    assert (run.branch, run.revision, run.repository, run.repository_url, run.workspace) == (
        "b",
        "a" * 40,
        "r",
        "u",
        "w",
    )


def test_head_of_a_ci_run_becomes_a_commit(repository, folder, env):
    assert git.fill(CI, str(folder), env).revision == repository("rev-parse", "HEAD")


@pytest.mark.parametrize("field", ["branch", "tag", "default_branch", "workspace"])
def test_checkout_of_a_ci_run_does_not_say(repository, folder, env, field):
    repository("tag", "v1")
    assert getattr(git.fill(CI, str(folder), env), field) is None


def test_commit_of_a_ci_run_is_described(repository, folder, env):
    run = git.fill(Run(provider="circleci", revision=repository("rev-parse", "HEAD")), str(folder), env)
    assert (run.commit_message, run.commit_author) == (SUBJECT, AUTHOR)


@pytest.mark.parametrize(("for_deploy", "expected"), [(True, "2026-01-31T11:00:00.000Z"), (False, None)])
def test_git_is_asked_for_the_time_alone_for_a_deploy(repository, run_git, folder, env, for_deploy, expected):
    env["GIT_COMMITTER_DATE"] = "2026-01-31T12:00:00+01:00"
    run_git("commit", "--quiet", "--allow-empty", "--message", "more")
    known = Run(provider="gitlab", revision=run_git("rev-parse", "HEAD"), commit_message="m", commit_author="a")
    run = replace(known, repository="r", repository_url="u")
    assert git.fill(run, str(folder), env, for_deploy=for_deploy).committed_at == expected


def test_message_of_a_merge_is_not_taken_for_the_heads(repository, folder, env):
    head = repository("rev-parse", "HEAD")
    repository("commit", "--quiet", "--allow-empty", "--message", "Merge fix into main")
    assert git.fill(Run(provider="github", revision=head), str(folder), env).commit_message == SUBJECT


@pytest.mark.parametrize("revision", ["d" * 40, "--output=x", "main", "v1^{/x}"])
def test_revision_that_is_not_here_is_left_alone(repository, folder, env, revision):
    run = git.fill(Run(provider="github", revision=revision), str(folder), env)
    assert (run.revision, run.commit_message) == (revision, None)


def test_nothing_is_written(repository, folder, env):
    git.fill(Run(provider="github", revision="--output=x"), str(folder), env)
    assert [each.name for each in folder.iterdir()] == [".git"]


def test_message_in_another_encoding_with_control_characters(repository, folder, env):
    message = folder.parent / "message"
    message.write_bytes(b"caf\xe9 \x1b[31m")
    repository("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--quiet", "--allow-empty", "--file", str(message))
    assert git.fill(LOCAL, str(folder), env).commit_message == "caf\u00e9 [31m"


def test_no_commit_yet(run_git, folder, env):
    run_git("init", "--quiet")
    run = git.fill(LOCAL, str(folder), env)
    assert (run.revision, run.workspace) == (None, str(folder))


def test_configuration_does_not_change_the_answer(repository, folder, env):
    for name, value in {"log.showSignature": "true", "log.decorate": "no", "color.ui": "always"}.items():
        repository("config", name, value)
    run = git.fill(LOCAL, str(folder), env)
    assert (run.branch, run.commit_message) == ("main", SUBJECT)


def test_no_repository(folder, env):
    assert git.fill(LOCAL, str(folder), env) == LOCAL


def test_somebody_elses_repository(repository, folder, env):
    assert git.fill(LOCAL, str(folder), env | {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}) == LOCAL


@pytest.mark.parametrize("folder_name", ["missing", "a\0b", "\ud800"], ids=ascii)
def test_no_folder(env, tmp_path, folder_name):
    assert git.fill(LOCAL, f"{tmp_path}/{folder_name}", env) == LOCAL


def test_no_git(repository, folder, env, tmp_path):
    assert git.fill(LOCAL, str(folder), env | {"PATH": str(tmp_path)}) == LOCAL


@pytest.mark.parametrize("broken", [{"A": "a\0b"}, {"A=": "b"}, {"A": "\ud800"}], ids=ascii)
def test_environment_that_no_program_can_have(repository, folder, env, broken):
    assert git.fill(LOCAL, str(folder), env | broken) == LOCAL


def test_slow_git_is_not_waited_for(repository, folder, env, slow_git):
    begun = time.monotonic()
    assert git.fill(LOCAL, str(folder), env | {"PATH": slow_git}, limit_s=0.2) == LOCAL
    assert time.monotonic() - begun < 2


def test_run_that_lacks_nothing_costs_no_call(folder, env, slow_git):
    run = Run(
        provider="gitlab", revision="c", repository="r", repository_url="u", commit_message="m", commit_author="a"
    )
    assert git.fill(run, str(folder), env | {"PATH": slow_git}) is run
