"""The program on a state folder that is broken: the command runs, its code wins, one line says what is wrong."""

import json
import os
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent
NOISE = bytes(range(256)) * 8


def broken(run_program, env=None):
    """Run a command that fails; the one warning. The command has run, and its code is ours."""
    ended = run_program("run", "--", "sh", "-c", "touch ran; exit 3", env=env)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert (run_program.folder / "ran").exists()
    warning, last = ended.stderr.splitlines()
    assert last.startswith("ci-reporter: sh · failure (exit 3) · ")
    return warning.removeprefix("ci-reporter: warning: ").replace(f"{run_program.folder}/", "")


def test_a_file_in_place_of_the_folder(run_program):
    run_program.state.touch()
    assert broken(run_program) == (
        "cannot use .ci-reporter as the state folder: Not a directory; the command runs all the same"
    )


@pytest.mark.parametrize("folder", ["/proc/nowhere", "/dev/null", "/sys/nowhere", "x" * 300])
def test_a_folder_that_nobody_can_write_to(run_program, folder):
    warning = broken(run_program, {"CI_REPORTER_DIR": folder})
    assert "as the state folder: " in warning


def test_a_file_in_place_of_a_folder_within_still_gives_a_record(run_program):
    run_program.state.mkdir()
    (run_program.state / "running").touch()
    assert "File exists; the command runs all the same" in broken(run_program)
    assert [each["exit_code"] for each in run_program.records()] == [3]


@pytest.mark.parametrize(
    ("put", "why"),
    [
        (Path.mkdir, "Is a directory"),
        (os.mkfifo, "it is not a plain file"),
        (lambda path: path.symlink_to("/etc/hostname"), "it is a link, not a plain file"),
    ],
    ids=["folder", "fifo", "link"],
)
def test_something_else_in_place_of_the_records_keeps_the_record_for_later(run_program, put, why):
    run_program.state.mkdir()
    put(steps := run_program.state / "steps.ndjson")
    waits = "the record waits in .ci-reporter/running for the next call"
    assert broken(run_program) == f"cannot write .ci-reporter/steps.ndjson: {why}; {waits}"
    steps.rmdir() if steps.is_dir() else steps.unlink()
    ended = run_program("summary", "--json")
    assert (json.loads(ended.stdout)["exit_code"], ended.stderr) == (3, "")


def test_garbage_among_the_running_steps_does_not_stop_the_record(run_program):
    (run_program.state / "running").mkdir(parents=True)
    for name in ("a.json", "b.json"):
        (run_program.state / "running" / name).write_bytes(NOISE)
    assert (
        broken(run_program) == ".ci-reporter/running/a.json and 1 more: not written by ci-reporter, or damaged; skipped"
    )
    assert [each["exit_code"] for each in run_program.records()] == [3]


@pytest.mark.services
def test_garbage_in_the_spool_does_not_stop_the_delivery(run_program, pushgateway):
    (run_program.state / "spool").mkdir(parents=True)
    (run_program.state / "spool" / "x.pushgateway.json").write_bytes(NOISE)
    ended = run_program("run", "--pushgateway", pushgateway.url, "--", "true")
    assert ended.stderr.endswith(" · pushed\n")


def test_garbage_among_the_records_is_said_by_who_reads_them(run_program):
    run_program.state.mkdir()
    (run_program.state / "steps.ndjson").write_bytes(NOISE)
    assert run_program("run", "--", "true").returncode == 0
    ended = run_program("summary", "--all")
    assert "every run: 1 step\n" in ended.stdout
    assert ended.stderr.count("steps.ndjson: not written by ci-reporter, or damaged; skipped") == 1


def test_a_command_that_removes_the_folder_has_its_record(run_program):
    ended = run_program("run", "--", "rm", "-rf", ".ci-reporter")
    assert ended.stderr.count("\n") == 1
    assert [each["exit_code"] for each in run_program.records()] == [0]


def test_a_folder_that_has_been_deleted_under_us_is_no_reason_not_to_run(run_program):
    script = "mkdir gone; cd gone; rmdir ../gone; CI_REPORTER_DIR=state ci-reporter run -q -- sh -c 'exit 3'"
    ended = run_program("run", "-q", "--shell", "--", script, env={"PATH": f"{PROGRAMS}:{os.environ['PATH']}"})
    assert ended.returncode == 3
    assert "Traceback" not in ended.stderr


def test_a_full_disk_costs_no_record(run_program, small_disk, fill):
    state = small_disk / "state"
    env = {"CI_REPORTER_DIR": str(state)}
    full = f"head -c 100000 /dev/zero > {small_disk}/ballast; exit 3"
    ended = run_program("run", "--tail", "4K", "--", "sh", "-c", f"{full}", env=env)
    assert ended.returncode == 3
    assert ended.stderr.count("No space left on device; the record waits in") == 1
    (small_disk / "ballast").unlink()
    ended = run_program("summary", "--json", env=env)
    assert (json.loads(ended.stdout)["exit_code"], ended.stderr) == (3, "")


def test_a_disk_that_is_full_from_the_start_is_one_warning(run_program, small_disk, fill):
    fill(small_disk)
    assert "No space left on device; the command runs all the same" in broken(
        run_program, {"CI_REPORTER_DIR": str(small_disk / "state")}
    )


def test_a_disk_that_has_room_again_takes_the_record(run_program, small_disk, fill):
    ballast = fill(small_disk)
    env = {"CI_REPORTER_DIR": str(small_disk / "state")}
    ended = run_program("run", "--", "rm", str(ballast), env=env)
    assert ended.stderr.splitlines()[-1].endswith(" · recorded")
    assert json.loads(run_program("summary", "--json", env=env).stdout)["step"] == "rm"


def test_a_read_only_disk_is_one_warning_and_can_be_read(run_program, small_disk, remount):
    env = {"CI_REPORTER_DIR": str(small_disk / "state")}
    run_program("run", "--name", "before", "--", "true", env=env)
    remount(small_disk, "ro")
    assert "Read-only file system (set CI_REPORTER_DIR to a folder that you can write to); the command runs" in broken(
        run_program, env
    )
    ended = run_program("summary", env=env)
    assert (ended.returncode, "before" in ended.stdout, ended.stderr) == (0, True, "")


def test_a_killed_step_on_a_read_only_disk_is_said_and_the_rest_is_shown(run_program, small_disk, remount):
    env = {"CI_REPORTER_DIR": str(small_disk / "state")}
    run_program("run", "--name", "before", "--", "true", env=env)
    process = run_program.start("run", "--", "sh", "-c", "echo begun; exec sleep 30", env=env)
    process.stdout.readline()
    process.kill()
    process.communicate()
    remount(small_disk, "ro")
    ended = run_program("summary", "--all", env=env)
    assert (ended.returncode, "before" in ended.stdout) == (0, True)
    assert ended.stderr.count("Read-only file system") == ended.stderr.count("\n") == 1
