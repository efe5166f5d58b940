"""How often the kernel has killed for memory is read from the control group, of version 1 and 2."""

import pytest

from ci_reporter.system import oom


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_counter_of_version_2_is_read(tmp_path):
    write(tmp_path / "own", "0::/job\n")
    write(tmp_path / "fs/job/memory.events", "low 0\noom 3\noom_kill 2\n")
    assert oom.kills(str(tmp_path / "fs"), str(tmp_path / "own")) == 2


def test_the_counter_of_version_1_is_read(tmp_path):
    write(tmp_path / "own", "9:name=systemd:/\n4:memory:/job\n0::/\n")
    write(tmp_path / "fs/memory/job/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n")
    assert oom.kills(str(tmp_path / "fs"), str(tmp_path / "own")) == 5


def test_in_a_container_our_group_is_the_root_of_what_we_see(tmp_path):
    write(tmp_path / "own", "0::/host/path\n")
    write(tmp_path / "fs/memory.events", "oom_kill 1\n")
    assert oom.kills(str(tmp_path / "fs"), str(tmp_path / "own")) == 1


@pytest.mark.parametrize("text", ["", "garbage", "0::/job"])
def test_without_a_counter_it_is_unknown(tmp_path, text):
    write(tmp_path / "own", text)
    assert oom.kills(str(tmp_path / "fs"), str(tmp_path / "own")) is None
