"""Actions of a gate: run once, told by their environment, ended in time, and not by the first signal to stop."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ci_reporter.errors import StateError
from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.gate.run.actions import Ledger, perform

ENV = {"PATH": os.environ["PATH"]}


def rollback(run, **more):
    return Action(name="rollback", run=run, **more)


def test_an_action_that_works_has_no_problem():
    done = perform(rollback("exit 0"), ENV)
    assert (done.ran, done.exit_code, done.timed_out, done.problem) == (True, 0, False, None)


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 3", 3), ("no-such-program", 127), ("/", 126), ("kill -9 $$", 137), ("syntax (", 2)],
    ids=["its own", "not found", "not executable", "killed", "syntax"],
)
def test_an_action_that_fails_is_said(command, code):
    done = perform(rollback(command), ENV)
    assert (done.ran, done.exit_code) == (True, code)
    assert done.problem == f"action 'rollback' ended with exit code {code}"


@pytest.mark.parametrize(
    ("command", "env"),
    [("true", {"A": "x\0y"}), ("true\0", {}), ("true", {"A": "x" * 10**7})],
    ids=["nul in a variable", "nul in the command", "too long"],
)
def test_an_action_that_cannot_run_is_said(command, env):
    done = perform(rollback(command), ENV | env)
    assert not done.ran
    assert done.problem.startswith("action 'rollback' cannot run: ")


def test_a_value_is_never_part_of_the_command(tmp_path, capfd):
    hostile = f'"; touch {tmp_path}/pwned; $(touch {tmp_path}/pwned) `touch {tmp_path}/pwned`'
    perform(rollback('echo "$CI_REPORTER_LAST_GOOD"'), ENV | {"CI_REPORTER_LAST_GOOD": hostile})
    assert capfd.readouterr().err == f"{hostile}\n"
    assert list(tmp_path.iterdir()) == []


def test_its_output_is_our_stderr(capfd):
    perform(rollback("echo said; echo complained >&2"), ENV)
    assert capfd.readouterr() == ("", "said\ncomplained\n")


def test_it_has_nothing_to_read():
    assert perform(rollback("cat; read answer", timeout_s=5), ENV).exit_code == 1


def test_a_dry_run_runs_nothing(tmp_path):
    done = perform(rollback(f"touch {tmp_path}/ran"), ENV, dry_run=True)
    assert not done.ran
    assert "was not run (dry run): touch" in done.problem
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_command_runs_nothing():
    assert not perform(Action(name="notify", to="slack"), ENV).ran


def test_a_late_action_ends_with_all_that_it_started(tmp_path):
    pids = tmp_path / "pids"
    done = perform(rollback(f"sleep 100 & echo $! > {pids}; wait", timeout_s=0.5), ENV)
    assert (done.timed_out, done.exit_code) == (True, 143)
    assert done.problem == "action 'rollback' was ended after its timeout of 0.5 s"
    assert not running(int(pids.read_text()))


def test_an_action_that_was_ended_did_not_work():
    done = perform(rollback("trap 'exit 0' TERM; while :; do sleep 0.1; done", timeout_s=0.5), ENV)
    assert (done.timed_out, done.exit_code) == (True, 143)


def test_an_action_that_will_not_stop_is_killed(tmp_path):
    pids = tmp_path / "pids"
    command = f"trap '' TERM; sleep 100 & echo $! > {pids}; while :; do sleep 0.1; done"
    done = perform(rollback(command, timeout_s=0.5), ENV, grace_s=0.3)
    assert (done.timed_out, done.exit_code) == (True, 137)
    assert not running(int(pids.read_text()))


def running(pid):
    """Whether the process is there within a second from now and no zombie."""
    until = time.monotonic() + 1
    while time.monotonic() < until:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return False
        except FileNotFoundError:
            return False
        time.sleep(0.02)
    return True


PROGRAM = """
import os, sys
from ci_reporter.gate.actions import perform
from ci_reporter.gate.rules import Action
done = perform(Action(name="rollback", run=sys.argv[1]), dict(os.environ), grace_s=0.3)
print(done.exit_code, done.timed_out, done.problem)
"""


@pytest.fixture
def acting(tmp_path, eventually):
    """Start a process that performs this command, and wait until it has begun."""
    started = []

    def start(command):
        begun = tmp_path / "begun"
        line = [sys.executable, "-c", PROGRAM, f"touch {begun}; {command}"]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        eventually(begun.exists, what="the action to begin")
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_first_signal_does_not_end_a_rollback(acting, tmp_path, number):
    process = acting(f"sleep 0.5; touch {tmp_path}/done")
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (out, (tmp_path / "done").exists()) == ("0 False None\n", True)
    assert err == f"ci-reporter: {number.name}: the action runs to its end; once more ends it\n"


@pytest.mark.parametrize("command", ["sleep 100", "trap '' TERM; sleep 100"], ids=["stops", "will not stop"])
def test_the_second_signal_ends_it(acting, command):
    process = acting(command)
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline().startswith("ci-reporter: SIGINT: the action runs to its end")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert out.endswith("False action 'rollback' was ended by SIGTERM, the second signal to stop\n")


def test_the_handlers_of_others_are_back_afterwards():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    perform(rollback("true"), ENV)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_an_action_is_claimed_as_often_as_its_most(tmp_path):
    ledger = Ledger(str(tmp_path / "acted"), "run-1")
    assert [ledger.claim(rollback("true", most=2)) for _ in range(4)] == [True, True, False, False]


def test_another_run_and_another_action_have_their_own_claim(tmp_path):
    ledger = Ledger(str(tmp_path), "run-1")
    assert ledger.claim(rollback("true"))
    assert ledger.claim(Action(name="scale", run="true"))
    assert Ledger(str(tmp_path), "run-2").claim(rollback("true"))
    assert not Ledger(str(tmp_path), "run-1").claim(rollback("true"))


def test_a_claim_outlives_kill_9(tmp_path):
    claim = f"Ledger({str(tmp_path)!r}, 'run-1').claim(Action(name='rollback', run='true'))"
    code = f"import os\nfrom ci_reporter.gate.run.actions import *\nif {claim}: os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert not Ledger(str(tmp_path), "run-1").claim(rollback("true"))


def test_of_many_at_once_one_acts(tmp_path):
    claimed = []
    threads = [
        threading.Thread(target=lambda: claimed.append(Ledger(str(tmp_path), "run-1").claim(rollback("true"))))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [False] * 15 + [True]


def test_no_run_id_leaves_the_folder(tmp_path):
    folder = tmp_path / "acted"
    Ledger(str(folder), "../../../tmp/x\0").claim(rollback("true"))
    assert [path.name for path in folder.iterdir()] == ["---------tmp-x-.rollback.1"]


def test_a_folder_that_cannot_be_is_said(tmp_path):
    (tmp_path / "acted").write_text("")
    with pytest.raises(StateError, match=r"cannot note in .*acted that 'rollback' runs: "):
        Ledger(str(tmp_path / "acted"), "run-1").claim(rollback("true"))
