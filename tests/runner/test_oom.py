"""A command that the kernel kills for lack of memory has not failed by itself."""

import os
import subprocess
from pathlib import Path

import pytest


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
