"""`ci-reporter logs`: finds a run's lines in files and streams that others write, and gives plain output its run."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from contextlib import contextmanager

import pytest

LINES = [
    '{"message": "a", "ci_run_id": "r-1"}',
    "plain",
    '{"message": "b", "ci_run_id": "r-2"}',
    '{"message": "c", "ci_run_id": "r-1"}',
]
TEXT = "\n".join([*LINES, ""])


@pytest.fixture
def log(run_program):
    """A log file."""
    path = run_program.folder / "app.log"
    path.write_text(TEXT)
    return path


def messages(text):
    return [json.loads(line)["message"] for line in text.splitlines()]


@pytest.mark.parametrize("how", [["app.log"], ["-"], []], ids=["file", "dash", "stdin"])
def test_the_lines_of_the_run_are_found(run_program, log, how):
    ended = run_program("logs", "--run", "r-1", *how, stdin=TEXT)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{LINES[0]}\n{LINES[3]}\n", "")


def test_several_files_are_searched_in_their_order(run_program, log):
    (run_program.folder / "b.log").write_text(LINES[2].replace("r-2", "r-1"))
    assert messages(run_program("logs", "--run", "r-1", "b.log", "app.log").stdout) == ["b", "a", "c"]


def test_none_found_is_1_as_grep_has_it(run_program, log):
    ended = run_program("logs", "--run", "r-3", "app.log")
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")


def test_a_file_that_cannot_be_read_is_2_and_the_others_are_searched(run_program, log):
    ended = run_program("logs", "--run", "r-1", "nope.log", ".", "app.log")
    assert (ended.returncode, messages(ended.stdout)) == (2, ["a", "c"])
    assert ended.stderr.splitlines() == [
        "ci-reporter: cannot read nope.log: No such file or directory",
        "ci-reporter: cannot read .: Is a directory",
    ]


def test_help_tells_the_exit_codes(run_program):
    said = " ".join(run_program("logs", "--help").stdout.split())
    assert "0 a line was found, 1 none was, 2 something could not be read" in said


def test_without_a_run_it_is_the_one_we_are_in(run_program, log):
    assert messages(run_program("logs", "app.log", env={"CI_RUN_ID": "r-2"}).stdout) == ["b"]


def test_without_a_ci_system_it_is_the_newest_in_the_state_folder(run_program):
    run_program("run", "--name", "s", "--", "true")
    (record,) = run_program.records()
    ended = run_program("logs", stdin=json.dumps({"message": "x", "ci_run_id": record["ci_run_id"]}))
    assert messages(ended.stdout) == ["x"]


def test_a_line_that_is_too_long_is_said_and_the_next_one_found(run_program):
    huge = json.dumps({"ci_run_id": "r-1", "message": "x" * 2_000_000})
    ended = run_program("logs", "--run", "r-1", stdin=f"{huge}\n{LINES[0]}\n")
    assert (messages(ended.stdout), ended.returncode) == (["a"], 0)
    assert ended.stderr == "ci-reporter: 1 lines of more than 1 MiB were skipped\n"


def test_what_would_move_the_terminal_is_escaped(run_program):
    (run_program.folder / "x.log").write_bytes(b'{"ci_run_id": "r-1",\r "message": "\xc2\x9b2J\x7f\xe2\x80\xae\xff"}\n')
    assert run_program("logs", "--run", "r-1", "x.log").stdout == (
        '{"ci_run_id": "r-1",  "message": "\\u009b2J\\u007f\\u202e\\udcff"}\n'
    )


def test_nobody_reading_is_no_error(run_program, log):
    log.write_text(f"{LINES[0]}\n" * 50_000)
    process = run_program.start("logs", "--run", "r-1", "app.log")
    with process:
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(30), process.stderr.read()) == (0, b"")


@pytest.mark.parametrize("arguments", [["--wrap", "app.log"], ["--wrap", "--follow"]])
def test_wrap_reads_stdin_alone(run_program, log, arguments):
    ended = run_program("logs", *arguments)
    assert (ended.returncode, "--wrap reads stdin alone" in ended.stderr) == (2, True)


@contextmanager
def following(program, *files):
    """A follower; `next()` waits for its next line."""
    process = program.start("logs", "--follow", "--run", "r-1", *files)
    alarm = threading.Timer(30, process.kill)
    alarm.start()
    try:
        yield process
    finally:
        alarm.cancel()
        process.kill()
        process.communicate()


def read(process):
    return json.loads(process.stdout.readline())["message"]


def add(path, message):
    with path.open("a") as file:
        file.write(json.dumps({"message": message, "ci_run_id": "r-1"}) + "\n")


def test_following_gives_what_is_there_and_what_comes(run_program, log):
    with following(run_program, "app.log") as process:
        assert [read(process), read(process)] == ["a", "c"]
        add(log, "d")
        assert read(process) == "d"


def test_a_line_is_given_when_it_is_whole(run_program, log):
    with following(run_program, "app.log") as process, log.open("ab", 0) as file:
        assert [read(process), read(process)] == ["a", "c"]
        file.write(b'{"message": "d", "ci_')
        add(run_program.folder / "unrelated.log", "x")
        file.write(b'run_id": "r-1"}\n')
        assert read(process) == "d"


def test_a_rotated_file_is_read_to_its_end_and_its_successor_from_its_beginning(run_program, log):
    with following(run_program, "app.log") as process:
        assert [read(process), read(process)] == ["a", "c"]
        rotated = log.rename(log.with_suffix(".1"))
        add(rotated, "last of the old")
        add(log, "first of the new")
        assert [read(process), read(process)] == ["last of the old", "first of the new"]


@pytest.mark.parametrize("more", [0, 100], ids=["shorter", "longer than before"])
def test_a_truncated_file_is_read_from_its_beginning(run_program, log, more):
    with following(run_program, "app.log") as process:
        assert [read(process), read(process)] == ["a", "c"]
        log.write_text(json.dumps({"ci_run_id": "r-1", "message": "anew" + "w" * more}) + "\n")
        assert read(process) == "anew" + "w" * more


def test_a_file_that_is_not_there_yet_is_waited_for(run_program):
    late = run_program.folder / "late.log"
    with following(run_program, "late.log") as process:
        add(late, "at last")
        assert read(process) == "at last"


def test_an_interrupt_after_a_line_was_found_is_0(run_program, log):
    with following(run_program, "app.log") as process:
        read(process)
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stderr.read()) == (0, b"")


def test_an_interrupt_before_is_1(run_program, log, eventually):
    log.write_text(LINES[2])
    with following(run_program, "app.log") as process:
        eventually(lambda: has_open(process.pid, log), what="the file to be opened")
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stderr.read()) == (1, b"")


def has_open(pid, path):
    opened = (f"/proc/{pid}/fd/{each}" for each in os.listdir(f"/proc/{pid}/fd"))
    return any(os.path.exists(each) and os.path.samefile(each, path) for each in opened)


def test_wrapped_lines_are_found_again(run_program):
    env = {"CI_RUN_ID": "r-1", "OTEL_SERVICE_NAME": "e2e", "CI_REPORTER_REVISION": "c0ffee"}
    wrapped = run_program("logs", "--wrap", env=env, stdin='plain\n{"message": "json"}\n').stdout
    assert messages(run_program("logs", "--run", "r-1", stdin=wrapped).stdout) == ["plain", "json"]
    assert [json.loads(line)["service"] for line in wrapped.splitlines()] == ["e2e", "e2e"]
    assert [json.loads(line)["revision"] for line in wrapped.splitlines()] == ["c0ffee", "c0ffee"]


def test_a_line_is_passed_on_as_soon_as_it_is_there(run_program):
    process = run_program.start("logs", "--wrap", env={"CI_RUN_ID": "r-1"})
    with process:
        for word in (b"one", b"two"):
            process.stdin.write(word + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["message"] == word.decode()
        process.stdin.close()
        assert process.wait(30) == 0


def test_wrapping_goes_on_at_ctrl_c_until_the_writer_ends(run_program):
    process = run_program.start("logs", "--wrap")
    with process:
        process.stdin.write(b"one\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert json.loads(process.communicate(b"two\n", 30)[0])["message"] == "two"
        assert process.returncode == 0


def test_wrapping_hides_the_secrets_of_the_environment(run_program):
    ended = run_program("logs", "--wrap", env={"DB_PASSWORD": "correct-horse"}, stdin="it is correct-horse\n")
    assert messages(ended.stdout) == ["it is ***"]


def test_a_wrong_setting_does_not_stop_wrapping(run_program):
    (run_program.folder / ".ci-reporter.yml").write_text("nonsense: 1\n")
    ended = run_program("logs", "--wrap", env={"CI_REPORTER_TIMEOUT": "soon"}, stdin="plain\n")
    assert (ended.returncode, messages(ended.stdout)) == (0, ["plain"])


def test_wrapping_within_a_step_names_its_run(run_program):
    line = f"echo hello | {sys.executable} -m ci_reporter logs --wrap"
    ended = run_program("run", "-q", "--", "sh", "-c", line, env={"CI_RUN_ID": "r-1"})
    found = json.loads(ended.stdout)
    assert (found["message"], found["ci_run_id"], len(found["trace_id"])) == ("hello", "r-1", 32)


def test_nobody_reading_ends_the_wrapping(run_program):
    process = run_program.start("logs", "--wrap")
    with process:
        process.stdout.close()
        try:
            process.communicate(b"x\n" * 1000, 30)
        except (BrokenPipeError, ValueError):
            pass
        assert process.wait(30) == 0
