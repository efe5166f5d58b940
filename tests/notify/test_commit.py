"""The last commit: what git says of it, clipped."""

import subprocess

import pytest

from ci_reporter.notify.commit import commit
from ci_reporter.system.git import Git


@pytest.fixture
def repository(tmp_path):
    """A repository whose last commit changes so many files."""

    def make(files=2, subject="count the tax once"):
        for at in range(files):
            (tmp_path / f"f{at}.py").write_text("x = 1\n")
        ada = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        for arguments in (("init", "-q"), ("add", "."), (*ada, "commit", "-q", "-m", subject)):
            subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
        return Git(str(tmp_path), {})

    return make


def test_subject_author_and_files(repository):
    found = commit(repository())
    assert (found.subject, found.author) == ("count the tax once", "Ada")
    assert found.stat == ("f0.py | 1 +", "f1.py | 1 +", "2 files changed, 2 insertions(+)")


def test_of_many_files_eight_are_shown_and_all_are_counted(repository):
    found = commit(repository(files=30))
    assert len(found.stat) == 9
    assert found.stat[-1] == "30 files changed, 30 insertions(+)"


@pytest.mark.parametrize("revision", ["0" * 40, "--output=owned", "HEAD~1", "a b"])
def test_a_revision_that_git_does_not_know_gives_nothing(repository, revision, tmp_path):
    assert commit(repository(), revision) is None
    assert not (tmp_path / "owned").exists()


def test_outside_of_a_repository_there_is_none(tmp_path):
    assert commit(Git(str(tmp_path), {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)})) is None


def test_git_that_takes_too_long_is_not_waited_for(repository):
    assert commit(repository(), limit_s=0.0) is None
