"""A signal after the command has ended changes nothing about the exit code; it cuts the delivery short."""

import os
import pty
import signal
import socket
import subprocess
import time

import pytest

STOPPING = ["INT", "TERM", "HUP", "QUIT"]


@pytest.fixture
def black_hole():
    """A gateway that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def pushing(wrapped, black_hole):
    """A step whose command has ended with 3 and whose report is being pushed into the black hole."""
    port = black_hole.getsockname()[1]
    env = {"CI_REPORTER_PUSHGATEWAY": f"http://127.0.0.1:{port}", "CI_REPORTER_BUDGET": "60s"}
    process = wrapped.start("--name", "unit", "--", "sh", "-c", "exit 3", env=env)
    connection, _ = black_hole.accept()
    return process, connection


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("name", STOPPING)
def test_the_commands_code_wins_while_its_report_is_pushed(wrapped, black_hole, name, times):
    process, connection = pushing(wrapped, black_hole)
    for _ in range(times):
        process.send_signal(getattr(signal, f"SIG{name}"))
    _, err = process.communicate(timeout=60)
    connection.close()
    lost, last = err.decode().splitlines()
    assert process.returncode == 3
    assert f"not delivered: interrupted by SIG{name}" in lost
    assert last.startswith("ci-reporter: unit · failure")


def test_a_delivery_that_was_cut_short_is_in_the_spool(wrapped, black_hole):
    process, connection = pushing(wrapped, black_hole)
    process.terminate()
    process.communicate(timeout=60)
    connection.close()
    (spooled,) = (wrapped.folder / ".ci-reporter" / "spool").iterdir()
    assert spooled.name == f"{wrapped.record()['report_id']}.pushgateway.json"
    assert (wrapped.record()["result"], wrapped.record()["exit_code"]) == ("failure", 3)


def test_control_c_twice_in_a_terminal_keeps_the_code(wrapped, black_hole):
    port = black_hole.getsockname()[1]
    env = wrapped.env | {"CI_REPORTER_PUSHGATEWAY": f"http://127.0.0.1:{port}", "CI_REPORTER_BUDGET": "60s"}
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(wrapped.folder)
        os.execve(wrapped.program, [wrapped.program, "run", "--", "sh", "-c", "exit 3"], env)
    connection, _ = black_hole.accept()
    os.write(master, b"\x03\x03")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    connection.close()
    os.close(master)


SLOW_PROVIDER = """
import pathlib, time
def read(env, read_file):
    pathlib.Path("reading").write_text("now")
    while not pathlib.Path("go-on").exists():
        time.sleep(0.02)
    return {}
"""


@pytest.fixture
def slow_start(wrapped):
    """An environment in which a step that has written `reading` waits for `go-on` before its command starts."""
    (wrapped.folder / "slow_plugin.py").write_text(SLOW_PROVIDER)
    info = wrapped.folder / "slow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ci_reporter.providers]\nslow = slow_plugin:read\n")
    return {"PYTHONPATH": str(wrapped.folder), "CI_REPORTER_PROVIDER": "slow"}


@pytest.mark.parametrize(("name", "code"), [("INT", 130), ("TERM", 143), ("HUP", 129)])
def test_a_signal_before_the_command_keeps_it_from_starting(wrapped, slow_start, name, code):
    process = wrapped.start("--", "touch", "started", env=slow_start)
    wrapped.file("reading")
    process.send_signal(getattr(signal, f"SIG{name}"))
    (wrapped.folder / "go-on").touch()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, b"Traceback" in err) == (code, False)
    assert not (wrapped.folder / "started").exists()
    record = wrapped.record()
    assert (record["result"], record["reason"]) == (
        "cancellation",
        f"told to stop by SIG{name} before the command started",
    )


def test_a_signal_at_the_end_of_an_attempt_allows_no_further_one(wrapped):
    script = "echo try >> tries; kill -TERM $PPID; exit 1"
    assert wrapped("--retries", "5", "--", "sh", "-c", script).returncode in (1, 143)  # whichever is faster
    assert (wrapped.folder / "tries").read_text() == "try\n"
    assert wrapped.record()["result"] == "cancellation"


def test_what_hangs_can_be_ended_by_a_signal(wrapped, eventually):
    """Our line does not fit into a pipe that is full and that nobody reads."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    while True:
        try:
            os.write(write, b"x" * 65536)
        except BlockingIOError:
            break
    os.set_blocking(write, True)
    process = wrapped.start("--", "sh", "-c", "exit 3", stderr=write)
    steps = wrapped.folder / ".ci-reporter" / "steps.ndjson"
    eventually(lambda: steps.exists() and steps.read_text())
    time.sleep(0.2)
    process.terminate()
    assert process.wait(timeout=60) == 3
    os.close(read)
    os.close(write)
    process.stdout.close()


def test_a_tail_that_nobody_reads_can_be_ended_by_a_signal(wrapped):
    """The command has ended; what it wrote last does not fit into our stdout."""
    script = "head -c 60000 /dev/zero; touch ended; exit 3"
    read, write = os.pipe()
    os.write(write, b"x" * 60_000)  # of the 64 KiB that a pipe takes
    process = wrapped.start("--tail", "1K", "--", "sh", "-c", script, stdout=write)
    os.close(write)
    wrapped.exists("ended")
    time.sleep(0.2)
    process.terminate()
    assert process.wait(timeout=60) == 3
    os.close(read)
    process.stderr.close()


def test_an_unrecorded_command_has_its_signals_back(wrapped, slow_start):
    (wrapped.folder / "slow_plugin.py").write_text("def read(env, read_file):\n    raise ZeroDivisionError\n")
    look = ("grep", "-E", "SigBlk|SigIgn", "/proc/self/status")
    bare = subprocess.run(look, capture_output=True, check=True).stdout
    assert wrapped("--", *look, env=slow_start).stdout == bare
