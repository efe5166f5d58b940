"""Files written whole or not at all, files read without waiting."""

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

from ci_reporter.system.files import append, open_regular, read_bounded, read_named, replacement, write_atomic

KILLED = """
import os, signal, sys
from ci_reporter.system.files import replacement
with replacement(sys.argv[1]) as file:
    file.write(b"new" * 100_000)
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def save(path, content):
    with replacement(str(path)) as file:
        file.write(content)


@pytest.fixture(params=[lambda path, content: write_atomic(str(path), content), save], ids=["ours", "the user's"])
def write(request):
    return request.param


def test_a_written_file_has_the_content_and_nothing_stands_beside_it(tmp_path, write):
    write(tmp_path / "a", b"new")
    write(tmp_path / "a", b"newer")
    assert (tmp_path / "a").read_bytes() == b"newer"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_that_does_not_exist_is_an_error_and_leaves_nothing(tmp_path, write):
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "no" / "a", b"new")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["x" * 255, "ä" * 127, "\U0001f600" * 63])
def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path, write, name):
    write(tmp_path / name, b"new")
    assert (tmp_path / name).read_bytes() == b"new"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    limited = (
        "import resource, signal, sys; from ci_reporter.system.files import write_atomic;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10));"
        "write_atomic(sys.argv[1], b'x' * 100)"
    )
    done = subprocess.run([sys.executable, "-c", limited, tmp_path / "a"], capture_output=True)
    assert b"No space left" in done.stderr
    assert ((tmp_path / "a").read_bytes(), os.listdir(tmp_path)) == (b"old", ["a"])


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "a"])
    assert (done.returncode, (tmp_path / "a").read_bytes()) == (-9, b"old")


def test_an_error_within_the_block_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(KeyError), replacement(str(tmp_path / "a")) as file:
        file.write(b"new")
        raise KeyError
    assert ((tmp_path / "a").read_bytes(), os.listdir(tmp_path)) == (b"old", ["a"])


def test_the_mode_of_the_users_file_is_kept(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o640)
    save(tmp_path / "a", b"new")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_link_of_the_users_stays_a_link(tmp_path):
    (tmp_path / "a").symlink_to("b")
    save(tmp_path / "a", b"new")
    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "b").read_bytes() == b"new"


def test_a_link_in_our_own_folder_is_replaced(tmp_path):
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "a").symlink_to("precious")
    write_atomic(str(tmp_path / "a"), b"new")
    assert not (tmp_path / "a").is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_fifo_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=save, args=(tmp_path / "pipe", b"new"))
    writer.start()
    assert (tmp_path / "pipe").read_bytes() == b"new"
    writer.join()


def test_a_file_up_to_the_limit_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bounded(str(tmp_path / "a"), 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes") as failed:
        read_bounded(str(tmp_path / "a"), 4)
    assert failed.value.errno == errno.EFBIG


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a plain file"):
        read_bounded(str(tmp_path / "pipe"), 5)


@pytest.mark.parametrize("path", ["/dev/zero", "/", "a\0b", "\ud800"])
def test_a_device_a_folder_or_an_impossible_name_is_refused(path):
    with pytest.raises(OSError, match=r"\w"):
        read_bounded(path, 5)


def test_a_link_is_read_but_not_opened_as_ours(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("a")
    assert read_bounded(str(tmp_path / "link"), 5) == b"12345"
    with pytest.raises(OSError, match="it is a link"):
        open_regular(str(tmp_path / "link"), os.O_RDONLY)


def test_a_pipe_that_a_user_names_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"x" * 100_000,))
    writer.start()
    assert read_named(str(tmp_path / "pipe"), 200_000) == b"x" * 100_000
    writer.join()


def test_a_pipe_into_which_nobody_writes_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TimeoutError, match="nothing came out of it"):
        read_named(str(tmp_path / "pipe"), 10, wait_s=0.01)


def test_no_more_is_read_of_an_endless_device_than_was_asked_for():
    assert read_named("/dev/zero", 10) == bytes(10)


@pytest.mark.parametrize("write", [save, append], ids=["save", "append"])
def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path, write):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="nobody reads it"):
        write(str(tmp_path / "pipe"), "x")


def test_what_is_appended_follows_what_is_there(tmp_path):
    append(str(tmp_path / "a"), "one ")
    append(str(tmp_path / "a"), "\udcfftwo")
    assert (tmp_path / "a").read_text() == "one ?two"
