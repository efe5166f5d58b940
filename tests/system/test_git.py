"""Git answers questions and does nothing else."""

import os
import subprocess

import pytest

from ci_reporter.system.git import Git


@pytest.fixture
def repository(tmp_path):
    for command in ("init -q", "config user.name me", "config user.email me@example.org"):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    (tmp_path / "a").write_text("1\n")
    subprocess.run("git add a && git commit -qm one", shell=True, cwd=tmp_path, check=True)
    return tmp_path


def test_a_line_is_what_git_prints(repository):
    assert Git(str(repository), os.environ).line("log", "-1", "--format=%s", limit_s=20) == "one"


def test_a_command_that_fails_gives_no_line(repository):
    assert Git(str(repository), os.environ).line("rev-parse", "--verify", "--quiet", "nothing", limit_s=20) is None


def test_a_long_output_is_read_as_a_stream(repository):
    with Git(str(repository), os.environ).stream("log", "--format=%s") as (process, output):
        assert list(output) == [b"one\n"]
    assert process.returncode == 0


def test_the_file_monitor_that_a_repository_names_is_not_run(repository):
    monitor = repository / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {repository}/ran\n")
    monitor.chmod(0o755)
    subprocess.run(["git", "config", "core.fsmonitor", str(monitor)], cwd=repository, check=True)
    assert Git(str(repository), os.environ).ask("status", "--porcelain", limit_s=20).returncode == 0
    assert not (repository / "ran").exists()


def test_git_that_does_not_answer_is_ended_in_time(tmp_path):
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nexec sleep 20\n")
    program.chmod(0o755)
    with pytest.raises(subprocess.TimeoutExpired):
        Git(str(tmp_path), {"PATH": f"{tmp_path}:{os.environ['PATH']}"}).ask("status", limit_s=0.2)
