"""The status is the command's own, as a shell would give it."""

import subprocess

import pytest

from ci_reporter.runner import Order, run
from ci_reporter.runner.signals import block


@pytest.mark.parametrize("code", [0, 1, 2, 3, 70, 124, 126, 127, 255])
def test_the_commands_exit_code_is_ours(wrapped, code):
    assert wrapped("--", "sh", "-c", f"exit {code}").returncode == code
    assert wrapped.record()["exit_code"] == code


@pytest.mark.parametrize(
    ("name", "code"), [("TERM", 143), ("KILL", 137), ("SEGV", 139), ("INT", 130), ("HUP", 129), ("ABRT", 134)]
)
def test_death_by_a_signal_is_128_and_its_number(wrapped, name, code):
    assert wrapped("--", "bash", "-c", f"kill -{name} $$").returncode == code
    record = wrapped.record()
    assert (record["exit_code"], record["signal"], record["result"]) == (code, name, "failure")


def test_a_missing_command_is_127(wrapped):
    done = wrapped("--", "no-such-command-here")
    assert done.returncode == 127
    assert b"command not found: no-such-command-here" in done.stderr
    assert wrapped.record()["result"] == "error"


def test_an_empty_word_is_not_found_and_recorded(wrapped):
    """What `ci-reporter run -- "$CMD"` is where CMD is not set."""
    done = wrapped("--", "")
    assert (done.returncode, done.stderr.count(b"\n")) == (127, 1)
    assert b"the command is an empty word" in done.stderr
    assert (wrapped.record()["step"], wrapped.record()["result"]) == ("command", "error")
    assert not list((wrapped.folder / ".ci-reporter" / "running").iterdir())


@pytest.mark.parametrize("word", ["a\0b", "\ud800"], ids=["NUL", "not UTF-8"])
def test_a_word_that_no_system_call_takes_is_126(word):
    """Only a caller in Python can ask for these."""
    order = Order(name="odd", command=["true", word], env={}, mark="MARK", masks=set(), lost={})
    with block() as signals:
        step = run(order, signals)
    assert (step.exit_code, step.result) == (126, "error")
    assert step.reason.startswith("cannot execute 'true': ")


@pytest.mark.parametrize("mode", [0o644, 0o755], ids=["not executable", "a folder"])
def test_what_cannot_be_executed_is_126(wrapped, mode):
    target = wrapped.folder / "thing"
    if mode == 0o644:
        target.write_text("#!/bin/sh\n")
    else:
        target.mkdir()
    target.chmod(mode)
    done = wrapped("--", "./thing")
    assert done.returncode == 126
    assert wrapped.record()["reason"].startswith("cannot execute ./thing")


def test_a_missing_interpreter_is_126_and_said(wrapped):
    script = wrapped.folder / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    assert wrapped("--", "./script").returncode == 126
    assert "interpreter" in wrapped.record()["reason"]


def test_a_script_without_a_first_line_runs_in_sh(wrapped):
    script = wrapped.folder / "script"
    script.write_text('echo "$0" "$1"\n')
    script.chmod(0o755)
    assert wrapped("--", "./script", "a b").stdout == b"./script a b\n"


@pytest.mark.parametrize("arguments", [("--timeout", "soon"), ("--no-such-option",), ("--retries", "-1")])
def test_our_own_usage_error_is_2_before_anything_starts(wrapped, arguments):
    assert wrapped(*arguments, "--", "touch", "started").returncode == 2
    assert not (wrapped.folder / "started").exists()


def test_no_command_is_a_usage_error(wrapped):
    assert wrapped().returncode == 2


def test_result_of_a_shell_that_does_not_find_its_command_is_error(wrapped):
    wrapped("--shell", "--", "no-such-command-here")
    assert (wrapped.record()["result"], wrapped.record()["reason"]) == ("error", "command not found")


def test_a_realtime_signal_has_a_number_for_a_name(wrapped):
    assert wrapped("--", "bash", "-c", "kill -40 $$").returncode == 168
    assert wrapped.record()["signal"] == "40"


@pytest.mark.parametrize(("command", "code"), [("sh -c 'exit 5'", 5), ("no-such-command", 127), ("/", 126)])
def test_a_parent_that_ignores_sigchld_does_not_cost_the_code(wrapped, command, code):
    script = f"trap '' CHLD; exec {wrapped.program} run -- {command}"
    done = subprocess.run(["bash", "-c", script], cwd=wrapped.folder, env=wrapped.env, capture_output=True, timeout=60)
    assert (done.returncode, wrapped.record()["exit_code"]) == (code, code)
