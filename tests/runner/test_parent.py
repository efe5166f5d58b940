"""Who started us: when it is gone the command ends; what it had us ignore the command ignores; as PID 1 we reap."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest


def entry(wrapped, line, **more):
    """A step's entry process, as a CI system starts it: a shell in a session of its own."""
    return subprocess.Popen(["bash", "-c", line], cwd=wrapped.folder, env=wrapped.env, start_new_session=True, **more)


def alive_reporters(wrapped):
    """The process ids of reporters, guards and commands that live in the folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") == str(wrapped.folder):
                found.append(pid)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("pause_s", [0, 0.01, 0.02, 0.03, 0.05, 0.08])
def test_a_parent_that_dies_while_we_start_is_noticed(wrapped, eventually, pause_s):
    process = entry(wrapped, f"{wrapped.program} run -- sleep 300 & echo started; wait", stdout=subprocess.PIPE)
    process.stdout.readline()
    time.sleep(pause_s)
    process.kill()
    process.communicate()
    eventually(lambda: not alive_reporters(wrapped))


def test_what_no_parent_waits_for_does_not_start(wrapped, eventually):
    """The shell is gone before Python has started: the reason is in the record, and the command never runs."""
    entry(wrapped, f"{wrapped.program} run -- touch started & kill -9 $$").wait()
    steps = wrapped.folder / ".ci-reporter" / "steps.ndjson"
    eventually(lambda: steps.exists() and steps.read_text())
    record = wrapped.record()
    assert (record["result"], record["reason"]) == ("cancellation", "the process that started ci-reporter has ended")
    assert not (wrapped.folder / "started").exists()


def test_a_server_in_the_background_is_ended_with_its_step(wrapped, eventually):
    entry(wrapped, f"nohup {wrapped.program} run -- sleep 300 >out 2>&1 & sleep 0.5").wait()
    eventually(lambda: not alive_reporters(wrapped))
    assert wrapped.record()["result"] == "cancellation"


def test_a_server_in_the_background_may_outlive_its_step(wrapped, eventually):
    server = "sh -c 'sleep 1; echo served > served'"
    entry(wrapped, f"nohup {wrapped.program} run --outlive-parent -- {server} >out 2>&1 & sleep 0.2").wait()
    assert wrapped.file("served") == "served\n"
    eventually(lambda: not alive_reporters(wrapped))
    assert wrapped.record()["result"] == "success"


@pytest.mark.parametrize("ignored", ["PIPE", "XFSZ", "PIPE XFSZ", "HUP", "INT QUIT", "USR1 TERM TSTP", "CHLD", ""])
@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_what_the_shell_ignores_the_command_ignores(wrapped, shell, ignored):
    """32 and 33 are glibc's own, which its posix_spawn leaves ignored."""
    trap = f"trap '' {ignored};" if ignored else ""
    look = "grep SigIgn /proc/self/status"
    script = f"{trap} {look}; {wrapped.program} run -q -- {look}; true"
    done = subprocess.run([shell, "-c", script], cwd=wrapped.folder, env=wrapped.env, capture_output=True, timeout=60)
    bare, ours = (int(line.split()[1], 16) & ~(0b11 << 31) for line in done.stdout.splitlines())
    assert ours == bare


def test_a_python_that_starts_us_hands_down_no_ignored_sigpipe(wrapped):
    """It ignores SIGPIPE itself, and subprocess gives its children the default."""
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
    assert wrapped("-q", "--", "sh", "-c", "kill -PIPE $$; exit 7").returncode == 141


AS_FIRST = """
import ctypes, os, sys
os.chdir(sys.argv[1])
assert ctypes.CDLL(None, use_errno=True).unshare(0x20000000) == 0, os.strerror(ctypes.get_errno())  # CLONE_NEWPID
pid = os.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make PID namespaces")
def test_as_pid_1_no_orphan_stays_a_zombie(wrapped):
    """The orphan is seen from outside of the namespace, where /proc is still the one of before; its name is its own."""
    shutil.copy(shutil.which("sleep"), wrapped.folder / "orphan")
    script = "(sh -c 'exit 0' & exec sh -c 'exit 0'); sh -c './orphan 0.1 & echo'; sleep 1; echo now; sleep 1; exit 5"
    line = [sys.executable, "-c", AS_FIRST, str(wrapped.folder), wrapped.program, "run", "-q", "--", "sh", "-c", script]
    process = subprocess.Popen(line, env=wrapped.env, stdout=subprocess.PIPE)
    while process.stdout.readline() != b"now\n":
        pass
    states = subprocess.run(["ps", "-eo", "stat,cmd"], capture_output=True, text=True, check=True).stdout
    process.communicate(timeout=60)
    assert not [line for line in states.splitlines() if line.startswith("Z") and "[orphan]" in line]
    assert process.returncode == 5
