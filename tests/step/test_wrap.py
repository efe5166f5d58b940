"""`run --wrap-logs`: the output as lines of the run, and all else as without it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENV = {"CI_RUN_ID": "r-1"}
WRAP = ("run", "-q", "--wrap-logs", "--")


def messages(text):
    return [json.loads(line)["message"] for line in text.splitlines()]


@pytest.mark.parametrize("code", [0, 3, 127])
def test_the_exit_code_is_the_commands(run_program, code):
    assert run_program(*WRAP, "sh", "-c", f"echo working; exit {code}", env=ENV).returncode == code


def test_a_failing_make_is_red_in_a_plain_sh(run_program):
    (run_program.folder / "Makefile").write_text("all:\n\t@echo compiling; false\n")
    line = f"{Path(sys.executable).with_name('ci-reporter')} run -q --wrap-logs -- make"
    env = run_program.environment()  # without the MAKEFLAGS of a make that runs the tests
    done = subprocess.run(["sh", "-c", line], cwd=run_program.folder, env=env, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert messages(done.stdout)[0] == "compiling"


def test_stdout_and_stderr_stay_apart_and_lines_in_order(run_program):
    script = "for i in 1 2 3; do echo out $i; echo err $i >&2; done"
    ended = run_program(*WRAP, "sh", "-c", script, env=ENV)
    assert messages(ended.stdout) == ["out 1", "out 2", "out 3"]
    assert messages(ended.stderr) == ["err 1", "err 2", "err 3"]


def test_lines_name_the_run_and_the_trace_that_the_command_has(run_program):
    ended = run_program(*WRAP, "sh", "-c", "echo $TRACEPARENT", env=ENV)
    line = json.loads(ended.stdout)
    assert line["ci_run_id"] == "r-1"
    assert line["trace_id"] == line["message"].split("-")[1]


def test_a_last_line_without_an_end_is_not_lost(run_program):
    assert messages(run_program(*WRAP, "printf", "no end", env=ENV).stdout) == ["no end"]


def test_a_hundred_thousand_lines_come_whole_and_in_order(run_program):
    ended = run_program(*WRAP, "seq", "100000", env=ENV)
    assert messages(ended.stdout) == [str(number) for number in range(1, 100_001)]


def test_a_line_is_there_before_the_command_ends(run_program):
    script = "echo early; while [ ! -e go ]; do sleep 0.05; done"
    with run_program.start(*WRAP, "sh", "-c", script, env=ENV) as process:
        assert json.loads(process.stdout.readline())["message"] == "early"
        (run_program.folder / "go").touch()
        assert process.wait(timeout=60) == 0


def test_a_background_process_that_keeps_the_pipe_does_not_keep_us(run_program):
    began = time.monotonic()
    ended = run_program(*WRAP, "sh", "-c", "sleep 30 & echo done", env=ENV)
    assert (ended.returncode, messages(ended.stdout)) == (0, ["done"])
    assert time.monotonic() - began < 20


def test_a_signal_reaches_the_command(run_program):
    script = "trap 'echo told; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    with run_program.start(*WRAP, "sh", "-c", script, env=ENV) as process:
        process.stdout.readline()
        os.kill(process.pid, signal.SIGTERM)
        assert json.loads(process.stdout.readline())["message"] == "told"
        assert process.wait(timeout=60) == 7


def test_the_tail_keeps_what_the_command_said(run_program):
    run_program("run", "-q", "--wrap-logs", "--tail", "1K", "--", "echo", "hello")
    assert run_program.records()[0]["output_tail"] == "hello\n"


def test_without_a_tail_no_output_is_kept(run_program):
    run_program(*WRAP, "echo", "hello")
    assert run_program.records()[0].get("output_tail") is None


def test_secrets_are_masked(run_program):
    env = ENV | {"DEPLOY_TOKEN": "s3cr3t-value"}
    script = "echo $DEPLOY_TOKEN https://u:hunter2pw@h/; echo ::add-mask::masked-value; echo masked-value"
    out = run_program(*WRAP, "sh", "-c", script, env=env).stdout
    assert messages(out) == ["*** https://***@h/", "::add-mask::***", "***"]


def test_on_github_its_commands_stay_commands(run_program):
    env = ENV | {"GITHUB_ACTIONS": "true"}
    out = run_program(*WRAP, "sh", "-c", "echo ::error::no; echo yes", env=env).stdout.splitlines()
    assert out[0] == "::error::no"
    assert json.loads(out[1])["message"] == "yes"
