"""A file takes another's place whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ci_reporter.errors import StampError
from ci_reporter.stamp.atomic import copy_range, replacement, write

KILLED = """
import os, signal, sys
from ci_reporter.stamp.atomic import replacement
with replacement(sys.argv[1]) as file:
    file.write(b"new" * 100_000)
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_whoever_is_killed_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, path])
    assert (done.returncode, path.read_bytes()) == (-9, b"old")


def test_an_error_within_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(KeyError), replacement(str(path)) as file:
        file.write(b"new")
        raise KeyError
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old", ["a"])


def test_extended_attributes_are_kept(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.setxattr(path, "user.origin", b"here")
    assert write(str(path), b"new")
    assert (path.read_bytes(), os.getxattr(path, "user.origin")) == (b"new", b"here")


def test_a_file_of_somebody_else_stays_theirs(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    if os.getuid() == 0:
        os.chown(path, 1234, 2345)
    before = path.stat()
    write(str(path), b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (before.st_uid, before.st_gid)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StampError, match="No such file or directory"):
        write(str(tmp_path / "no" / "a"), b"new")


def test_a_hole_stays_a_hole(tmp_path):
    path, copy = tmp_path / "a", tmp_path / "b"
    with path.open("wb") as file:
        file.write(b"start")
        file.truncate(50_000_000)
        file.seek(0, os.SEEK_END)
        file.write(b"end")
        file.truncate(90_000_000)
    with path.open("rb") as source, copy.open("wb") as target:
        target.write(b"before")
        copy_range(source, 2, 90_000_000, target)
        target.write(b"after")
    assert copy.read_bytes() == b"before" + path.read_bytes()[2:] + b"after"
    assert copy.stat().st_blocks * 512 < 1_000_000


def test_a_file_that_has_become_shorter_is_said(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"short")
    with path.open("rb") as source, (tmp_path / "b").open("wb") as target, pytest.raises(OSError, match="shorter"):
        copy_range(source, 0, 100, target)


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    subprocess.run([sys.executable, "-c", KILLED, path])
    left = [each.name for each in tmp_path.iterdir() if each != path]
    assert len(left) == 1
    assert write(str(path), b"new")
    assert os.listdir(tmp_path) == ["a"]


def test_what_another_writer_has_not_finished_is_left_alone(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with replacement(str(path)) as first:
        first.write(b"first")
        assert write(str(path), b"second")
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"first", ["a"])


def test_a_file_of_a_like_name_is_nobodys_leftover(tmp_path):
    for name in (".a.1234567.new", ".a.12345678.newer", ".b.12345678.new", ".a.b.12345678.new"):
        (tmp_path / name).write_bytes(b"precious")
    (tmp_path / "a").write_bytes(b"old")
    write(str(tmp_path / "a"), b"new")
    assert len(os.listdir(tmp_path)) == 5
