"""Actions of a gate: run once, told by their environment, ended in time, and not by the first signal to stop."""

import os
import signal
import time

import pytest

from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.gate.run.actions import perform
from ci_reporter.gate.run.world import World

ENV = {"PATH": os.environ["PATH"]}


def rollback(run, **more):
    return Action(name="rollback", run=run, **more)


def test_an_action_that_works_has_no_problem():
    done = perform(rollback("exit 0"), ENV, World())
    assert (done.ran, done.exit_code, done.timed_out, done.problem) == (True, 0, False, None)


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 3", 3), ("no-such-program", 127), ("/", 126), ("kill -9 $$", 137), ("syntax (", 2)],
    ids=["its own", "not found", "not executable", "killed", "syntax"],
)
def test_an_action_that_fails_is_said(command, code):
    done = perform(rollback(command), ENV, World())
    assert (done.ran, done.exit_code) == (True, code)
    assert done.problem == f"action 'rollback' ended with exit code {code}"


@pytest.mark.parametrize(
    ("command", "env"),
    [("true", {"A": "x\0y"}), ("true\0", {}), ("true", {"A": "x" * 10**7})],
    ids=["nul in a variable", "nul in the command", "too long"],
)
def test_an_action_that_cannot_run_is_said(command, env):
    done = perform(rollback(command), ENV | env, World())
    assert not done.ran
    assert done.problem.startswith("action 'rollback' cannot run: ")


def test_a_value_is_never_part_of_the_command(tmp_path, capfd):
    hostile = f'"; touch {tmp_path}/pwned; $(touch {tmp_path}/pwned) `touch {tmp_path}/pwned`'
    perform(rollback('echo "$CI_REPORTER_LAST_GOOD"'), ENV | {"CI_REPORTER_LAST_GOOD": hostile}, World())
    assert capfd.readouterr().err == f"{hostile}\n"
    assert list(tmp_path.iterdir()) == []


def test_its_output_is_our_stderr(capfd):
    perform(rollback("echo said; echo complained >&2"), ENV, World())
    assert capfd.readouterr() == ("", "said\ncomplained\n")


def test_it_has_nothing_to_read():
    assert perform(rollback("cat; read answer", timeout_s=5), ENV, World()).exit_code == 1


def test_a_dry_run_runs_nothing(tmp_path):
    done = perform(rollback(f"touch {tmp_path}/ran"), ENV, World(), dry_run=True)
    assert not done.ran
    assert "was not run (dry run): touch" in done.problem
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_command_runs_nothing():
    assert not perform(Action(name="notify", to="slack"), ENV, World()).ran


def test_a_late_action_ends_with_all_that_it_started(tmp_path):
    pids = tmp_path / "pids"
    done = perform(rollback(f"sleep 100 & echo $! > {pids}; wait", timeout_s=0.5), ENV, World())
    assert (done.timed_out, done.exit_code) == (True, 143)
    assert done.problem == "action 'rollback' was ended after its timeout of 0.5 s"
    assert not running(int(pids.read_text()))


def test_an_action_that_was_ended_did_not_work():
    done = perform(rollback("trap 'exit 0' TERM; while :; do sleep 0.1; done", timeout_s=0.5), ENV, World())
    assert (done.timed_out, done.exit_code) == (True, 143)


def test_an_action_that_will_not_stop_is_killed(tmp_path):
    pids = tmp_path / "pids"
    command = f"trap '' TERM; sleep 100 & echo $! > {pids}; while :; do sleep 0.1; done"
    done = perform(rollback(command, timeout_s=0.5), ENV, World(), grace_s=0.3)
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


class Signals:
    """Signals that come once the action has begun: each when it is asked for a further time."""

    def __init__(self, begun, *numbers):
        self._begun = begun
        self._numbers = numbers
        self._count = 0

    def __call__(self):
        if self._begun.exists():
            self._count = min(self._count + 1, len(self._numbers))
        return self._numbers[: self._count]


class Said:
    """A progress that remembers what was said."""

    def __init__(self):
        self.sentences = []

    def say(self, sentence):
        self.sentences.append(sentence)


@pytest.fixture
def interrupted(tmp_path):
    """Perform a command that touches `begun` at its start, while these signals come; the result and what was said."""

    def run(command, *numbers):
        begun, said = tmp_path / "begun", Said()
        world = World(signals=Signals(begun, *numbers), progress=said)
        return perform(rollback(f"touch {begun}; {command}"), ENV, world, grace_s=0.3), said.sentences

    return run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_first_signal_does_not_end_a_rollback(interrupted, tmp_path, number):
    done, said = interrupted(f"sleep 0.5; touch {tmp_path}/done", number)
    assert (done.exit_code, done.problem, (tmp_path / "done").exists()) == (0, None, True)
    assert said == [f"{number.name}: the action runs to its end; a second signal ends it"]


@pytest.mark.parametrize("command", ["sleep 100", "trap '' TERM; sleep 100"], ids=["stops", "will not stop"])
def test_the_second_signal_ends_it(interrupted, command):
    done, _ = interrupted(command, signal.SIGINT, signal.SIGTERM)
    assert (done.timed_out, done.problem) == (
        False,
        "action 'rollback' was ended by SIGTERM, the second signal to stop",
    )


def test_a_signal_from_before_the_action_does_not_count():
    world = World(signals=lambda: (signal.SIGTERM, signal.SIGTERM))
    assert perform(rollback("sleep 0.3"), ENV, world).problem is None
