"""A command that the kernel kills for lack of memory has not failed by itself."""

import os
import subprocess
from pathlib import Path

import pytest

from ci_reporter.runner import oom


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


def group():
    """A control group of this machine with 60 MB, version 2 or 1; None where we may not make one."""
    for folder, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        made = Path(folder) / f"ci-reporter-test-{os.getpid()}"
        try:
            made.mkdir()
            (made / limit).write_text("60000000")
        except OSError:
            if made.is_dir():
                made.rmdir()
            continue
        return made
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make control groups")
def test_a_command_killed_for_memory_is_an_error_by_oom(wrapped, eventually):
    made = group()
    assert made, "this machine lets root make no memory control group"
    program = wrapped.program
    eat = "b = []\nwhile True: b.append(bytearray(5_000_000))"
    script = f'echo $$ > {made}/cgroup.procs; exec {program} run -- python3 -c "$EAT"'
    env = wrapped.env | {"EAT": eat}
    done = subprocess.run(["sh", "-c", script], cwd=wrapped.folder, env=env, timeout=60)
    eventually(lambda: not (made / "cgroup.procs").read_text())
    made.rmdir()
    assert done.returncode == 137
    assert (wrapped.record()["result"], wrapped.record()["reason"]) == ("error", "oom")
