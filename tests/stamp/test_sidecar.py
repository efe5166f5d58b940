"""A file that nothing can be written into has its stamp beside it."""

import os

import pytest

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import inspect, stamp

INFO = BuildInfo(version="1.4.0", branch="main")


@pytest.fixture
def firmware(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(bytes(range(256)))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def test_the_stamp_stands_beside_the_file(firmware):
    done = stamp(str(firmware), INFO)
    assert (done.kind, done.changed, done.where) == ("sidecar", True, f"{firmware}.build-info.json")
    assert inspect(str(firmware)) == ("sidecar", INFO)


def test_the_file_itself_is_not_touched(firmware):
    stamp(str(firmware), INFO)
    assert (firmware.read_bytes(), firmware.stat().st_mtime) == (bytes(range(256)), 1_700_000_000)


def test_stamping_twice_changes_nothing(firmware):
    stamp(str(firmware), INFO)
    assert not stamp(str(firmware), INFO).changed


def test_a_new_stamp_replaces_the_old_one(firmware):
    stamp(str(firmware), INFO)
    stamp(str(firmware), BuildInfo(version="2"))
    assert inspect(str(firmware)) == ("sidecar", BuildInfo(version="2"))


def test_a_file_without_a_stamp_has_none(firmware):
    assert inspect(str(firmware)) is None


def test_a_link_beside_the_file_is_not_written_through(firmware, tmp_path):
    (tmp_path / "out").write_text("precious")
    (tmp_path / "firmware.bin.build-info.json").symlink_to(tmp_path / "out")
    with pytest.raises(StampError, match="is a link"):
        stamp(str(firmware), INFO)
    assert (tmp_path / "out").read_text() == "precious"


def test_a_pipe_is_nothing_to_stamp(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StampError, match="nothing to stamp"):
        stamp(str(tmp_path / "pipe"), INFO)
