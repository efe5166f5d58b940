"""Which lines a change touches, whatever its files are called."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.coverage.changed import Repository, added_lines
from ci_reporter.errors import UsageError

ENV = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/nowhere", "GIT_CONFIG_NOSYSTEM": "1"}


def changed(checkout, base="main", **env):
    change = Repository(folder=str(checkout.folder), env=ENV | env).change(base)
    return {name: list(numbers) for name, numbers in change.lines.items()}


@pytest.fixture
def branch(checkout):
    """A repository with two files, on a branch of its own."""
    checkout.commit(a_py="1\n2\n3\n4\n", sub__b_py="x\n")
    checkout.git("checkout", "-q", "-b", "topic")
    return checkout


def test_added_and_altered_lines_are_told(branch):
    branch.commit(a_py="1\nnew\n3\n4\n5\n6\n")

    assert changed(branch) == {"a.py": [2, 5, 6]}


def test_what_happened_on_the_base_since_is_no_change(branch):
    branch.git("checkout", "-q", "main")
    branch.commit(a_py="other\n2\n3\n4\n")
    branch.git("checkout", "-q", "topic")
    branch.commit(sub__b_py="x\ny\n")

    assert changed(branch) == {"sub/b.py": [2]}


def test_uncommitted_lines_are_part_of_it(branch):
    branch.write("a.py", "1\n2\n3\n4\n5\n")

    assert changed(branch) == {"a.py": [5]}


def test_deleted_binary_and_moved_files_have_no_lines(branch):
    branch.git("mv", "a.py", "moved.py")
    branch.git("rm", "-q", "sub/b.py")
    (branch.folder / "image.bin").write_bytes(b"\0\1\2")
    branch.commit()

    assert changed(branch) == {}


def test_a_moved_file_has_its_altered_lines(branch):
    branch.git("mv", "a.py", "moved.py")
    branch.commit(moved_py="1\n2\n3\n4\nnew\n")

    assert changed(branch) == {"moved.py": [5]}


@pytest.mark.parametrize(
    "name",
    [
        "with space.py",
        "tab\tin it.py",
        "two\nlines.py",
        'quo"te.py',
        "back\\slash.py",
        "ünï.py",
        "-rf.py",
        "+++ b.py",
        "$(touch x).py",
        "測試.py",
        "b/x.py",
        " lead.py",
        "%0A::error::x.py",
    ],
)
def test_hostile_names_come_through(branch, name):
    branch.write(name, "one\n")
    branch.commit()

    assert changed(branch) == {name: [1]}


def test_content_cannot_pass_for_a_header(branch):
    branch.commit(a_py="++ b/evil.py\n@@ -0,0 +1,9 @@\n3\n4\n-- a/x\ndiff --git a/x b/x\n")

    assert changed(branch) == {"a.py": [1, 2, 5, 6]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.context", "5"),
        ("diff.interHunkContext", "9"),
        ("color.ui", "always"),
        ("diff.external", "false"),
        ("core.quotePath", "false"),
        ("diff.renames", "false"),
        ("core.pager", "false"),
    ],
)
def test_the_users_configuration_changes_nothing(branch, key, value):
    branch.git("config", key, value)
    branch.commit(a_py="1\nnew\n3\n4\n5\n6\n", ü_py="x\n")

    assert changed(branch) == {"a.py": [2, 5, 6], "ü.py": [1]}


@pytest.mark.parametrize("base", ["nowhere", "--output=/tmp/x", "-c", "", "a\nb", "HEAD:a.py"])
def test_a_base_that_is_no_commit_is_said(branch, base):
    with pytest.raises(UsageError, match="has no commit"):
        changed(branch, base)


@pytest.fixture
def shallow(branch, tmp_path):
    """A clone of the topic branch alone, one commit deep, as CI systems make it."""
    branch.commit(a_py="1\nnew\n")
    folder = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", "--branch", "topic", f"file://{branch.folder}", folder], check=True
    )
    branch.folder = folder
    return branch


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"GITHUB_ACTIONS": "true"}, "give actions/checkout `fetch-depth: 0`"),
        ({"GITLAB_CI": "true", "GIT_DEPTH": "50"}, 'set the variable `GIT_DEPTH: "0"` for this job .it is 50.'),
        ({}, "get all of it: git fetch --unshallow origin "),
    ],
    ids=["github", "gitlab", "elsewhere"],
)
def test_a_shallow_clone_says_what_is_missing_and_how_to_get_it(shallow, env, says):
    with pytest.raises(
        UsageError, match=rf"this clone is shallow \(1 commit\) and has no commit 'origin/main'; {says}"
    ):
        changed(shallow, "origin/main", **env)


def test_a_base_without_the_shared_commit_says_so(shallow):
    shallow.git("fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")

    with pytest.raises(UsageError, match="does not reach the commit that it shares with 'origin/main'"):
        changed(shallow, "origin/main")


def test_a_base_that_was_not_fetched_says_how(branch):
    with pytest.raises(UsageError, match="git fetch origin dev:refs/remotes/origin/dev"):
        changed(branch, "origin/dev")


def test_no_repository_is_said(tmp_path):
    with pytest.raises(UsageError, match="is not a git repository"):
        Repository(folder=str(tmp_path), env=ENV).change("main")


def test_no_git_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot run git"):
        Repository(folder=str(tmp_path), env={"PATH": "/nowhere"}).change("main")


@given(
    st.lists(
        st.binary(max_size=20) | st.sampled_from([b"+++ b/a", b"@@ -1 +1,3 @@", b"+x", b"-y", b" z", b"@@ -1,9 +2 @@"])
    )
)
def test_any_diff_is_parsed(lines):
    added_lines([line + b"\n" for line in lines])


def test_the_command_that_is_named_gets_what_is_missing(shallow):
    with pytest.raises(UsageError) as caught:
        changed(shallow, "origin/main")
    command = str(caught.value).partition("get all of it: ")[2]
    subprocess.run(["sh", "-c", command], cwd=shallow.folder, check=True, capture_output=True)

    assert changed(shallow, "origin/main") == {"a.py": [2]}
