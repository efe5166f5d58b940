"""A file that nothing can be written into has its stamp beside it."""

import hashlib
import json
import os

import pytest

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import inspect, stamp
from ci_reporter.stamp.kinds.sidecar import artifact_of, is_unbound

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


def test_it_says_which_bytes_it_belongs_to(firmware):
    stamp(str(firmware), INFO)
    found = json.loads(firmware.with_name("firmware.bin.build-info.json").read_text())
    assert (found["size"], found["sha256"]) == (256, hashlib.sha256(firmware.read_bytes()).hexdigest())


@pytest.mark.parametrize(
    ("content", "reason"),
    [(bytes(range(256)) + b"!", "had 256 bytes, this one has 257"), (bytes(256), "SHA-256 was 40aff2e9d2d8…, this")],
    ids=["longer", "as long"],
)
def test_the_stamp_of_another_file_is_refused(firmware, content, reason):
    stamp(str(firmware), INFO)
    firmware.write_bytes(content)
    with pytest.raises(StampError, match=reason):
        inspect(str(firmware))


def test_a_changed_file_is_stamped_anew(firmware):
    stamp(str(firmware), INFO)
    firmware.write_bytes(b"next")
    assert stamp(str(firmware), INFO).changed
    assert inspect(str(firmware)) == ("sidecar", INFO)


def test_a_stamp_without_a_checksum_is_read_and_told_apart(firmware):
    firmware.with_name("firmware.bin.build-info.json").write_text('{"version": "1"}')
    assert inspect(str(firmware)) == ("sidecar", BuildInfo(version="1"))
    assert is_unbound(str(firmware))
    stamp(str(firmware), INFO)
    assert not is_unbound(str(firmware))


@pytest.mark.parametrize("more", [{"size": 256}, {"size": "256", "sha256": "0"}, {"size": 256, "sha256": 1}])
def test_half_a_checksum_is_refused(firmware, more):
    firmware.with_name("firmware.bin.build-info.json").write_text(json.dumps({"version": "1"} | more))
    with pytest.raises(StampError, match="stamp the file again"):
        inspect(str(firmware))


def test_a_stamp_beside_a_file_that_could_hold_it_is_found(make_zip):
    path = make_zip()
    path.with_name("a.zip.build-info.json").write_text('{"version": "1"}')
    assert inspect(str(path)) == ("sidecar", BuildInfo(version="1"))


def test_a_stamp_is_known_as_the_stamp_of_its_artifact(firmware, tmp_path):
    stamp(str(firmware), INFO)
    (tmp_path / "site").mkdir()
    stamp(str(tmp_path / "site"), INFO)
    assert artifact_of(f"{firmware}.build-info.json") == str(firmware)
    assert artifact_of(str(tmp_path / "site/build-info.json")) == str(tmp_path / "site")


@pytest.mark.parametrize(
    ("name", "content"),
    [("firmware.bin", "x"), ("a.build-info.json", '{"version": "1"}'), ("firmware.bin.build-info.json", '{"a": 1}')],
    ids=["another name", "no artifact", "no stamp"],
)
def test_any_other_file_is_no_stamp(firmware, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert artifact_of(str(tmp_path / name)) is None
