"""Signals reach the command, once each; when whoever runs us goes, everything goes."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COUNTER = """
import os, signal, sys, time
until = time.monotonic() + 60
def heard(number, frame):
    global until
    print(signal.Signals(number).name, flush=True)
    until = time.monotonic() + 0.5  # for a second one
for name in sys.argv[1:]:
    signal.signal(getattr(signal, "SIG" + name), heard)
print("ready", flush=True)
while time.monotonic() < until:
    time.sleep(0.05)
sys.exit(9)
"""


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "WINCH", "ALRM", "PWR"])
def test_a_signal_sent_to_us_reaches_the_command_once(wrapped, name):
    process = wrapped.start("-q", "--", sys.executable, "-c", COUNTER, name)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(getattr(signal, f"SIG{name}"))
    out, _ = process.communicate(timeout=60)
    assert out == f"SIG{name}\n".encode()
    assert process.returncode == 9


def test_stop_and_continue_reach_the_command(wrapped, eventually):
    process = wrapped.start("-q", "--", "sh", "-c", "echo $$; while :; do sleep 0.05; done")
    pid = process.stdout.readline().decode().strip()
    stat = Path(f"/proc/{pid}/stat")
    process.send_signal(signal.SIGTSTP)
    eventually(lambda: ") T " in stat.read_text())
    process.send_signal(signal.SIGCONT)
    eventually(lambda: ") T " not in stat.read_text())
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143


@pytest.mark.parametrize(("name", "code"), [("INT", 130), ("TERM", 143)])
def test_being_told_to_stop_is_a_cancellation(wrapped, name, code):
    process = wrapped.start("--", "sh", "-c", "echo ready; exec sleep 30")
    process.stdout.readline()
    process.send_signal(getattr(signal, f"SIG{name}"))
    process.communicate(timeout=60)
    assert process.returncode == code
    assert wrapped.record()["result"] == "cancellation"


def test_a_command_that_survives_the_signal_and_succeeds_is_a_success(wrapped):
    process = wrapped.start("--", "sh", "-c", "trap : TERM; echo ready; sleep 0.5; exit 0")
    process.stdout.readline()
    process.terminate()
    process.communicate(timeout=60)
    assert (process.returncode, wrapped.record()["result"]) == (0, "success")


def test_an_ignored_signal_stays_ignored(wrapped):
    program = wrapped.program
    script = f"trap '' HUP; exec {program} run -q -- sh -c 'kill -HUP $$; exit 7'"
    assert subprocess.run(["bash", "-c", script], cwd=wrapped.folder, env=wrapped.env, timeout=60).returncode == 7


@pytest.mark.parametrize("field", ["SigBlk", "SigIgn", "SigCgt"])
def test_signals_in_the_command_are_as_without_us(wrapped, field):
    """All but 32 and 33, glibc's own, which its posix_spawn leaves ignored."""
    look = ("grep", field, "/proc/self/status")
    masks = (wrapped("-q", "--", *look).stdout, subprocess.run(look, capture_output=True, check=True).stdout)
    ours, bare = (int(mask.split()[1], 16) & ~(0b11 << 31) for mask in masks)
    assert ours == bare


def in_terminal(wrapped, *arguments):
    """Start the program as the foreground job of a terminal of its own."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(wrapped.folder)
        program = wrapped.program
        os.execve(program, [program, "run", "-q", *arguments], dict(wrapped.env))
    return pid, master


def read_until(master, mark, timeout=60.0):
    """All that the terminal shows until `mark` comes, or until it closes when mark is None."""
    seen, until = b"", time.monotonic() + timeout
    while time.monotonic() < until and (mark is None or mark not in seen):
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 4096)
            except OSError:
                break
    return seen


def test_control_c_in_a_terminal_arrives_once(wrapped):
    pid, master = in_terminal(wrapped, "--", sys.executable, "-c", COUNTER, "INT")
    read_until(master, b"ready")
    os.write(master, b"\x03")
    seen = read_until(master, None)
    assert seen.count(b"SIGINT") == 1
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    os.close(master)


def test_the_command_keeps_the_terminal(wrapped):
    pid, master = in_terminal(wrapped, "--", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && echo all three")
    assert b"all three" in read_until(master, None)
    os.waitpid(pid, 0)
    os.close(master)


def test_control_z_and_fg_work_in_a_shell(wrapped):
    program = wrapped.program
    wait = "import os, time\nprint('ready', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.05)\n"
    (wrapped.folder / "wait.py").write_text(wait)
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(wrapped.folder)
        os.execve("/bin/bash", ["bash", "--norc", "-i"], dict(wrapped.env) | {"PS1": "$ ", "HISTFILE": ""})
    read_until(master, b"$ ")
    os.write(master, f"{program} run -q -- {sys.executable} wait.py; echo code=$?\n".encode())
    read_until(master, b"ready")
    os.write(master, b"\x1a")
    assert b"Stopped" in read_until(master, b"Stopped")
    (wrapped.folder / "go").touch()
    os.write(master, b"fg; echo final=$?\n")
    assert b"final=0" in read_until(master, b"final=0")
    os.write(master, b"exit\n")
    read_until(master, None)
    os.waitpid(pid, 0)
    os.close(master)


def test_githubs_cancellation_leaves_a_record_and_no_process(wrapped, eventually, alive):
    """The runner signals only the step's entry process: INT, then TERM, then KILL to all it can find."""
    program = wrapped.program
    script = wrapped.folder / "step.sh"
    script.write_text(f"{program} run -- sh -c 'echo $$ > pid; exec sleep 300'\necho not reached\n")
    entry = subprocess.Popen(["bash", "-e", str(script)], cwd=wrapped.folder, env=wrapped.env, start_new_session=True)
    pid = wrapped.file("pid").strip()
    for number, pause in ((signal.SIGINT, 0.75), (signal.SIGTERM, 2.5)):
        entry.send_signal(number)
        time.sleep(pause)
    entry.kill()
    entry.wait()
    eventually(lambda: not alive(pid) and wrapped.records())
    assert wrapped.record()["result"] == "cancellation"


def test_when_our_parent_is_killed_we_end_all_and_go(wrapped, eventually, alive):
    program = wrapped.program
    line = f"{program} run -- sh -c 'sleep 300 & echo $! > inner; echo $$ > outer; wait' & echo $! > us; wait"
    entry = subprocess.Popen(["bash", "-c", line], cwd=wrapped.folder, env=wrapped.env, start_new_session=True)
    pids = [wrapped.file(name).strip() for name in ("us", "inner", "outer")]
    entry.kill()
    entry.wait()
    eventually(lambda: not any(map(alive, pids)))
    assert (wrapped.record()["result"], wrapped.record()["reason"]) == (
        "cancellation",
        "the process that started ci-reporter has ended",
    )


def test_the_command_does_not_outlive_us(wrapped, eventually, alive):
    process = wrapped.start("--", "sh", "-c", "sleep 300 & echo $!; echo $$; wait")
    pids = [process.stdout.readline().decode().strip() for _ in range(2)]
    process.kill()
    process.communicate(timeout=60)
    eventually(lambda: not any(map(alive, pids)))
    assert process.returncode == -9
