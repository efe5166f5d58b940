"""A folder has `build-info.json` in it."""

import json

import pytest

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import inspect, stamp

INFO = BuildInfo(version="1.4.0", dirty=True)


def test_a_stamped_folder_is_read_back(tmp_path):
    done = stamp(str(tmp_path), INFO)
    assert (done.kind, done.changed, done.where) == ("folder", True, "build-info.json")
    assert inspect(str(tmp_path)) == ("folder", INFO)


def test_the_file_is_the_plain_json(tmp_path):
    stamp(str(tmp_path), INFO)
    assert json.loads((tmp_path / "build-info.json").read_text()) == {"version": "1.4.0", "dirty": True}


def test_stamping_twice_changes_nothing(tmp_path):
    stamp(str(tmp_path), INFO)
    before = (tmp_path / "build-info.json").stat()
    assert not stamp(str(tmp_path), INFO).changed
    assert (tmp_path / "build-info.json").stat().st_mtime_ns == before.st_mtime_ns


def test_an_empty_folder_has_no_stamp(tmp_path):
    assert inspect(str(tmp_path)) is None


def test_a_link_out_of_the_folder_is_not_written_through(tmp_path):
    (tmp_path / "out").write_text("precious")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/build-info.json").symlink_to(tmp_path / "out")
    with pytest.raises(StampError, match="is a link"):
        stamp(str(tmp_path / "in"), INFO)
    assert (tmp_path / "out").read_text() == "precious"


@pytest.mark.parametrize("content", ["", "[]", '{"version": 1}', '{"version":' * 100_000, "x" * 70_000])
def test_a_file_that_is_no_stamp_is_said(tmp_path, content):
    (tmp_path / "build-info.json").write_text(content)
    with pytest.raises(StampError, match=r"build-info\.json: is "):
        inspect(str(tmp_path))
