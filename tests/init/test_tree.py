"""A repository is somebody else's: links lead nowhere, pipes do not stop us, and what is large is bounded."""

import os
import time

from ci_reporter.init.plan import plan
from ci_reporter.init.survey import survey
from ci_reporter.init.tree import Tree, look


def test_a_link_is_not_followed(repository, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/package.json").write_text('{"scripts": {"test": "jest"}}')
    root = repository({})
    (root / "web").symlink_to(tmp_path / "outside")
    (root / "package.json").symlink_to(tmp_path / "outside/package.json")
    assert survey(str(root)).suites == ()


def test_a_circle_of_links_ends(repository):
    root = repository({"go.mod": ""})
    (root / "loop").symlink_to(root)
    assert look(str(root)).files == ("go.mod",)


def test_a_pipe_is_not_waited_for(repository):
    root = repository({})
    for name in ("package.json", ".ci-reporter.yml", "pyproject.toml"):
        os.mkfifo(root / name)
    found = survey(str(root))
    assert (found.suites, found.taken) == ((), {".ci-reporter.yml"})


def test_a_file_that_is_too_large_is_not_read(repository):
    root = repository({".github/workflows/ci.yml": "jobs:\n" + "  - run: pytest\n" * 700_000})
    assert [each.path for each in plan(survey(str(root))).changes] == [".ci-reporter.yml"]


def test_a_file_made_to_take_long_takes_not_long(repository):
    hostile = "\n" * 60_000 + " " * 60_000 + "run: pytest" + " " * 60_000 + "x\n" + "- pytest\n" * 4_000
    begun = time.monotonic()
    plan(survey(str(repository({".github/workflows/a.yml": hostile, ".gitlab-ci.yml": hostile, "tox.ini": hostile}))))
    assert time.monotonic() - begun < 60


def test_what_is_not_utf_8_is_read_as_far_as_it_goes(repository):
    root = repository({})
    (root / "package.json").write_bytes(b'{"name": "\xff\xfe", "scripts": {"test": "jest"}}')
    assert [each.name for each in survey(str(root)).suites] == ["jest"]


def test_json_that_is_too_deep_is_no_package(repository):
    assert survey(str(repository({"package.json": "[" * 100_000}))).suites == ()


def test_folders_are_looked_at_to_a_depth(repository):
    assert look(str(repository({"/".join("a" * 30) + "/go.mod": ""}))).files == ()


def test_what_tools_have_brought_is_passed_over(repository):
    assert look(str(repository({"node_modules/a/package.json": "{}", "go.mod": ""}))).files == ("go.mod",)


def test_a_repository_without_git_is_looked_at(tmp_path):
    (tmp_path / "go.mod").touch()
    found = survey(str(tmp_path))
    assert (found.branch, found.host, [each.name for each in found.suites]) == ("main", None, ["go test"])


def test_that_there_is_more_than_was_looked_at_is_said(repository):
    found = survey(str(repository({})))
    cut = type(found)(tree=Tree(root=found.tree.root, whole=False))
    assert any("more files than were looked at" in note for note in plan(cut).notes)
