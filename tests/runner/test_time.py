"""--timeout, --grace and --retries."""

import sys
import time

import pytest

from ci_reporter.runner import Order, run
from ci_reporter.runner.signals import block


def test_a_timeout_is_124_and_a_record(wrapped):
    assert wrapped("--timeout", "300ms", "--", "sleep", "30").returncode == 124
    record = wrapped.record()
    assert (record["result"], record["reason"], record["signal"]) == ("timeout", "still running after 0.3 s", "TERM")
    assert 300 <= record["duration_ms"] < 3000


def test_a_timeout_ends_grandchildren_too(wrapped, eventually, alive):
    wrapped("--timeout", "500ms", "--grace", "1s", "--", "sh", "-c", "(sleep 60 & echo $! > pid; wait) & wait")
    pid = wrapped.file("pid").strip()
    assert not alive(pid)


def test_a_grandchild_in_a_session_of_its_own_is_ended_too(wrapped, alive):
    wrapped(
        "--timeout", "500ms", "--grace", "1s", "--", "sh", "-c", "setsid sh -c 'echo $$ > pid; sleep 60' & sleep 60"
    )
    assert not alive(wrapped.file("pid").strip())


def test_who_ignores_term_is_killed_after_the_grace(wrapped):
    started = time.monotonic()
    done = wrapped(
        "--timeout", "200ms", "--grace", "500ms", "--", "bash", "-c", "trap '' TERM; while :; do sleep 0.1; done"
    )
    assert (done.returncode, wrapped.record()["signal"]) == (124, "KILL")
    assert time.monotonic() - started >= 0.7


def test_within_the_grace_the_command_may_clean_up(wrapped):
    script = "trap 'touch cleaned; exit 0' TERM; while :; do sleep 0.05; done"
    assert wrapped("--timeout", "300ms", "--grace", "5s", "--", "bash", "-c", script).returncode == 124
    assert (wrapped.folder / "cleaned").exists()


def test_a_stopped_command_can_be_ended(wrapped):
    assert wrapped("--timeout", "300ms", "--grace", "5s", "--", "sh", "-c", "kill -STOP $$").returncode == 124


def test_retries_keep_the_last_result_and_count(wrapped):
    assert wrapped("--retries", "2", "--", "sh", "-c", "echo x >> tries; exit 5").returncode == 5
    assert (wrapped.folder / "tries").read_text() == "x\n" * 3
    assert (wrapped.record()["attempts"], wrapped.record()["result"]) == (3, "failure")


def test_a_pass_after_a_failure_is_said(wrapped):
    done = wrapped("--retries", "3", "--", "sh", "-c", "test -e once || { touch once; exit 1; }")
    assert done.returncode == 0
    assert b"flaky: passed at attempt 2" in done.stderr
    assert wrapped.record()["reason"] == "flaky: passed at attempt 2"


@pytest.mark.parametrize("command", [("no-such-command",), ("sh", "-c", "exit 0")], ids=["not found", "success"])
def test_there_is_nothing_to_retry(wrapped, command):
    wrapped("--retries", "5", "--", *command)
    assert wrapped.record()["attempts"] == 1


def test_a_cancelled_command_is_not_retried(wrapped):
    process = wrapped.start("--retries", "5", "--", "sh", "-c", "echo ready; exec sleep 30")
    process.stdout.readline()
    process.terminate()
    process.communicate(timeout=60)
    assert (process.returncode, wrapped.record()["attempts"]) == (143, 1)


@pytest.mark.parametrize(("then", "finished"), [(90.0, "00:01:40"), (130.0, "00:02:10")], ids=["back", "ahead"])
def test_a_clock_that_is_set_midway_leaves_no_step_that_ends_before_it_starts(then, finished):
    clock = iter([100.0, then])
    order = Order(name="true", command=["true"], env={}, mark="MARK", masks=set(), lost={})
    with block() as signals:
        step = run(order, signals, lambda: next(clock))
    assert step.started_at[11:19] == "00:01:40"
    assert finished <= step.finished_at[11:19] <= f"{finished[:6]}59"  # a busy machine takes its time


def test_cpu_time_memory_and_blocks_are_the_commands(wrapped):
    burn = "import time; b = bytearray(80_000_000); t = time.process_time()\nwhile time.process_time() - t < 0.3: pass"
    wrapped("--", "sh", "-c", f"{sys.executable} -c '{burn}'")
    record = wrapped.record()
    assert record["cpu_user_ms"] + record["cpu_system_ms"] >= 300
    assert 80_000_000 < record["max_rss_bytes"] < 200_000_000
    assert record["io_write_blocks"] >= 0


DAEMON = """
import os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for name in sys.argv[2:]:
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize("ignored", [(), ("SIGTERM",)], ids=["heeds TERM", "ignores TERM"])
def test_a_timeout_ends_a_daemon_too(wrapped, alive, ignored):
    daemon = f"{sys.executable} -c '{DAEMON}' pid {' '.join(ignored)}"
    wrapped("--timeout", "700ms", "--grace", "500ms", "--", "sh", "-c", f"{daemon}; sleep 60")
    assert not alive(wrapped.file("pid").strip())


def test_an_orphan_of_the_tree_that_ignores_term_is_killed(wrapped, alive):
    """Its parent heeds TERM: in the moment of KILL it is a child of PID 1, in a session of its own."""
    inner = "setsid env -i sh -c 'trap : TERM; echo $$ > pid; while :; do sleep 0.05; done'"
    wrapped("--timeout", "700ms", "--grace", "500ms", "--", "sh", "-c", f"{inner} & sleep 60")
    assert not alive(wrapped.file("pid").strip())
