"""Report files: found by pattern, opened without waiting, read with a bound."""

import os

import pytest

from ci_reporter.errors import ReportFileError
from ci_reporter.system.reportfile import document, expand, head_of, open_report


@pytest.fixture
def tree(tmp_path):
    for name in ("a.xml", "sub/b.xml", "sub/deep/c.xml", ".hidden/d.xml", "sub/e.txt", "odd[1].xml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    return tmp_path


def names(found, root):
    return [os.path.relpath(path, root) for path in found.files]


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("a.xml", ["a.xml"]),
        ("*.xml", ["a.xml", "odd[1].xml"]),
        ("sub/*.xml", ["sub/b.xml"]),
        ("**/*.xml", ["a.xml", "odd[1].xml", "sub/b.xml", "sub/deep/c.xml"]),
        ("**/**/c.xml", ["sub/deep/c.xml"]),
        ("sub/**", ["sub/b.xml", "sub/e.txt", "sub/deep/c.xml"]),
        (".hidden/*", [".hidden/d.xml"]),
        ("odd[1].xml", ["odd[1].xml"]),
        ("s?b/[a-c].xml", ["sub/b.xml"]),
    ],
)
def test_patterns_name_files(tree, pattern, files):
    assert sorted(names(expand([pattern], str(tree)), tree)) == sorted(files)


def test_a_file_that_two_patterns_name_comes_once(tree):
    assert names(expand(["a.xml", "*.xml", "./a.xml"], str(tree)), tree).count("a.xml") == 1


def test_absolute_patterns_stay_as_they_are(tree):
    assert names(expand([f"{tree}/sub/*.xml"], "/nowhere"), tree) == ["sub/b.xml"]


@pytest.mark.parametrize("pattern", ["none-*.xml", "nowhere/**/x", "a.xml/b", "nul\0.xml", "a.xml/*", ""])
def test_pattern_without_a_match_is_said(tree, pattern):
    found = expand([pattern], str(tree / "sub"))

    assert not found.files
    assert found.problems


def test_what_is_no_regular_file_is_passed_over(tree):
    os.mkfifo(tree / "pipe.xml")
    (tree / "folder.xml").mkdir()
    (tree / "loop.xml").symlink_to("loop.xml")
    (tree / "gone.xml").symlink_to("nowhere")

    found = expand(["*.xml"], str(tree))

    assert names(found, tree) == ["a.xml", "odd[1].xml"]
    assert [problem.rpartition(": ")[2] for problem in found.problems] == [
        "a folder",
        "No such file or directory",
        "Too many levels of symbolic links",
        "not a regular file",
    ]


def test_links_that_lead_back_end(tree):
    (tree / "sub/up").symlink_to(tree)
    (tree / "sub/here").symlink_to(".")

    assert len(expand(["**/*.xml"], str(tree)).files) == 4


def test_at_most_so_many_files_are_given(tree):
    found = expand(["**"], str(tree), most=2)

    assert len(found.files) == 2
    assert "more than 2 files match" in found.problems[0]


def refusal(path):
    with pytest.raises(ReportFileError) as caught, open_report(str(path)):
        pass
    return str(caught.value)


def test_no_waiting_for_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert refusal(tmp_path / "pipe") == f"{tmp_path}/pipe: is not a regular file; a report file was expected"


def test_folders_empty_and_missing_files_are_refused(tmp_path):
    (tmp_path / "empty").touch()

    assert "is a folder" in refusal(tmp_path)
    assert "is empty" in refusal(tmp_path / "empty")
    assert "cannot be read: No such file" in refusal(tmp_path / "missing")
    assert "no file can have this name" in refusal("nul\0")


def test_a_message_is_one_line_whatever_the_name(tmp_path):
    assert "\n" not in refusal(tmp_path / "two\nlines")


def test_document_has_a_bound(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 100)

    with open_report(str(tmp_path / "big")) as file:
        assert head_of(file) == document("big", file) == b"x" * 100
    with open_report(str(tmp_path / "big")) as file, pytest.raises(ReportFileError, match="has 100 bytes"):
        document("big", file, largest=99)


def test_a_file_that_says_10_gb_is_refused_unread(tmp_path):
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(10 * 1024**3)

    with open_report(str(tmp_path / "sparse")) as file, pytest.raises(ReportFileError, match="has 10737418240 bytes"):
        document("sparse", file)
