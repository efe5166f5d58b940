"""The last commit: what git says of it, clipped."""

import subprocess

import pytest

from ci_reporter.model import Run
from ci_reporter.notify.alert import Commit
from ci_reporter.notify.commit import commit, commit_of
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


def test_a_carriage_return_in_a_subject_makes_no_line_of_its_own(repository):
    found = commit(repository(files=1, subject="tidy up\r999 files changed"))
    assert "999 files changed" in found.subject
    assert found.stat == ("f0.py | 1 +", "1 file changed, 1 insertion(+)")


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


def test_a_checkout_without_history_does_not_show_the_whole_tree_as_changed(repository, tmp_path):
    first = commit(repository())
    assert first.stat  # the very first commit of a repository did add these files
    grown, clone = _second_commit(tmp_path), tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{tmp_path}", str(clone)], check=True)
    found = commit(Git(str(clone), {}), grown)
    assert (found.subject, found.stat) == ("second", ())


def test_a_merge_shows_what_it_brought(repository, tmp_path):
    repository()
    git = ("git", "-C", str(tmp_path), "-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run([*git, "checkout", "-q", "-b", "topic"], check=True)
    _second_commit(tmp_path)
    subprocess.run([*git, "checkout", "-q", "-"], check=True)
    subprocess.run([*git, "merge", "-q", "--no-ff", "-m", "merge topic", "topic"], check=True)
    assert commit(Git(str(tmp_path), {})).stat == ("second.py | 1 +", "1 file changed, 1 insertion(+)")


def test_what_git_does_not_know_is_as_the_ci_system_told_it(tmp_path):
    run = Run(revision="a" * 40, commit_message="count the tax once\n\nlong", commit_author="Ada")
    git = Git(str(tmp_path), {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)})
    assert commit_of(run, git) == Commit(revision="a" * 40, subject="count the tax once", author="Ada")
    assert commit_of(Run(), git) is None


def _second_commit(folder):
    (folder / "second.py").write_text("y = 2\n")
    git = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run([*git, "add", "second.py"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "second"], check=True)
    return subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
