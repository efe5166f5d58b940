"""`ci-reporter shell`: a step's script by its shell, recorded under the step's name, and nothing else changed."""

import os
import signal
import subprocess

import pytest

WORKFLOW = """jobs:
  test:
    steps:
      - name: Unit tests
        run: exit 3
"""


@pytest.fixture
def shell(run_program):
    """Run a script as GitHub's runner does."""
    path = run_program.folder.parent / "step.sh"

    def run(script, *options, env=None):
        path.write_text(script)
        return run_program("shell", *options, "--", "bash", "-eo", "pipefail", str(path), env=env)

    return run


def test_the_step_has_the_name_of_the_workflow_file(shell, run_program):
    workflows = run_program.folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "ci.yml").write_text(WORKFLOW)
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_RUN_ID": "1",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_WORKFLOW_REF": "acme/shop/.github/workflows/ci.yml@refs/heads/main",
        "GITHUB_WORKSPACE": str(run_program.folder),
        "GITHUB_JOB": "test",
        "GITHUB_ACTION": "__run",
        "CI_REPORTER_CI_SUMMARY": "false",
    }
    assert shell("exit 3\n", env=env).returncode == 3
    (record,) = run_program.records()
    assert (record["step"], record["exit_code"], record["result"]) == ("Unit tests", 3, "failure")


def test_without_a_workflow_file_it_is_the_first_line(shell, run_program):
    ended = shell("set -u\necho out; echo err >&2\n")
    assert (ended.returncode, ended.stdout) == (0, "out\n")
    assert run_program.records()[0]["step"] == "echo out; echo err >&2"


def test_a_name_of_the_settings_is_stronger(shell, run_program):
    shell("true", "--name", "mine")
    assert run_program.records()[0]["step"] == "mine"


def test_a_script_that_is_not_there_is_the_shells_affair(run_program):
    ended = run_program("shell", "--", "bash", "-e", "/nowhere/step.sh")
    assert ended.returncode == subprocess.run(["bash", "-e", "/nowhere/step.sh"], stderr=subprocess.DEVNULL).returncode
    assert "/nowhere/step.sh: No such file or directory" in ended.stderr
    assert run_program.records()[0]["exit_code"] == ended.returncode


def test_a_password_in_the_first_line_is_not_recorded(shell, run_program):
    shell("curl https://u:hunter2pw@127.0.0.1:9/ || true")
    assert "hunter2pw" not in (run_program.state / "steps.ndjson").read_text()


def test_a_cancelled_step_is_recorded_under_its_name(run_program, eventually):
    path = run_program.folder.parent / "step.sh"
    path.write_text("echo here\nsleep 60\n")
    with run_program.start("shell", "--", "bash", "-e", str(path)) as process:
        assert process.stdout.readline() == b"here\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    (record,) = run_program.records()
    assert (record["step"], record["result"]) == ("echo here", "cancellation")


def test_a_script_that_comes_through_a_named_pipe_is_left_to_its_shell(run_program):
    pipe = run_program.folder.parent / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", 'echo "exit 4" >"$0"', pipe]) as writer:
        ended = run_program("shell", "--timeout", "10s", "--", "bash", str(pipe))
        writer.kill()
    assert (ended.returncode, run_program.records()[0]["result"]) == (4, "failure")
