"""Where the system has nothing left to give, the command gets what there is, and its code still wins."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def few_processes():
    """A control group of this machine, version 1 or 2, for at most N processes and threads."""
    for folder in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup"):
        made = Path(folder) / f"ci-reporter-test-{os.getpid()}"
        try:
            made.mkdir()
            (made / "pids.max").write_text("1")
        except OSError:
            if made.is_dir():
                made.rmdir()
            continue
        yield made
        made.rmdir()
        return
    pytest.fail("this machine lets root make no control group that limits processes")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make control groups")
@pytest.mark.parametrize("options", ["", "--tail 1K"], ids=["plain", "tail"])
@pytest.mark.parametrize("most", range(1, 7))
def test_a_limit_of_processes_and_threads_does_not_change_the_code(wrapped, eventually, few_processes, most, options):
    """The first one is the reporter; the command is more important than the guard and than our threads."""
    (few_processes / "pids.max").write_text(str(most))
    run = f"{wrapped.program} run {options} --pushgateway http://127.0.0.1:9 -- sh -c 'exit 3'"
    line = ["sh", "-c", f"echo $$ > {few_processes}/cgroup.procs; exec {run}"]
    done = subprocess.run(line, cwd=wrapped.folder, env=wrapped.env, capture_output=True, timeout=60)
    eventually(lambda: not (few_processes / "cgroup.procs").read_text())
    assert (done.returncode, b"Traceback" in done.stderr) == (126 if most == 1 else 3, False)
    assert wrapped.record()["exit_code"] == done.returncode
    assert b"not delivered" in done.stderr
    assert b"a mistake of ours" not in done.stderr
