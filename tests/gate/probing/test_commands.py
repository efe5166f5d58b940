"""Signals that a command prints: what counts as a sample, and that no command can hold the gate up."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.gate.probing import commands
from ci_reporter.gate.probing.commands import Commands
from ci_reporter.gate.probing.promql import NoData
from ci_reporter.gate.recording import Count, Value
from ci_reporter.gate.rules.ruleset import Command


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        (b"12.5\n", Value(t=0.0, value=12.5)),
        (b" -3 ", Value(t=0.0, value=-3.0)),
        (b'{"bad": 3, "total": 120}', Count(t=0.0, bad=3.0, total=120.0)),
    ],
)
def test_a_number_or_counts_are_a_sample(printed, found):
    assert commands.sample(printed) == found


@pytest.mark.parametrize(
    "printed",
    [
        *(b"", b"NaN", b"Infinity", b"true", b"1e999", b"12 apples", b'"5"', b"\xff", b"[" * 100_000, b"1" * 100_000),
        *(b'{"bad": 3}', b'{"bad": 3, "total": 0}', b'{"bad": 9, "total": 3}', b'{"bad": -1, "total": 3}'),
    ],
)
def test_anything_else_is_no_data(printed):
    assert isinstance(commands.sample(printed), NoData)


@pytest.fixture
def run():
    """Run a shell line as a signal for so long: its samples and problems."""

    def ran(line, seconds=1.0, **more):
        command = Command(signal="queue", argv=("/bin/sh", "-c", line), **({"every_s": 0.2} | more))
        found = Commands([command], os.environ)
        found.start()
        time.sleep(seconds)
        found.finish()
        until = time.monotonic() + 50
        while not found.is_finished() and time.monotonic() < until:
            time.sleep(0.02)
        assert found.is_finished()
        return [sample for _, sample in found.poll()], found.problems()

    return ran


def test_it_runs_again_and_again(run):
    begun = time.monotonic()
    samples, problems = run("echo 7")
    assert 2 <= len(samples) <= 2 + (time.monotonic() - begun) / 0.2
    assert ({each.value for each in samples}, problems) == ({7.0}, ())
    assert samples[-1].t >= 0.2 * (len(samples) - 1) - 0.01


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("exit 3", "'/bin/sh' ended with exit code 3"),
        ("echo oh no", "printed 'oh no', and a number or"),
        ("sleep 60 & sleep 60", "'/bin/sh' was ended after its timeout of 0.3 s"),
        ("yes", "ended"),
    ],
)
def test_what_goes_wrong_is_said_and_is_no_data(run, line, problem):
    samples, problems = run(line, timeout_s=0.3)
    assert samples == []
    assert problem in problems[0]


def test_a_command_that_hangs_ends_with_the_gate():
    found = Commands([Command(signal="queue", argv=("/bin/sh", "-c", "sleep 60"), timeout_s=60)], os.environ)
    found.start()
    time.sleep(0.2)
    assert found.settled_s(9.0) < 0.2
    found.stop()
    until = time.monotonic() + 50
    while not found.is_finished():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_command_that_begins_while_the_gate_ends_does_not_outlive_it(tmp_path, eventually):
    begun = tmp_path / "begun"
    line = f"echo $$ >> {begun}; sleep 60; : hang.sh"
    for _ in range(30):
        found = Commands([Command(signal="queue", argv=("/bin/sh", "-c", line), timeout_s=60)], os.environ)
        found.start()
        found.stop()
        eventually(found.is_finished, what="its thread to end", within_s=20)
    pids = begun.read_text().split() if begun.exists() else []
    assert not [pid for pid in pids if "hang.sh" in _command_line(pid)]


def test_a_program_that_is_not_there_is_an_error_before_the_gate():
    with pytest.raises(UsageError, match=r"signal 'queue': exec: cannot find the program './nope.sh'"):
        commands.check([Command(signal="queue", argv=("./nope.sh",))], os.environ)


@pytest.mark.slow
def test_a_command_that_always_hangs_is_never_a_pass(run_program, gate_yml):
    more = 'signals: { queue: { exec: "/bin/sh hang.sh", every: 1s, timeout: 1s } }'
    (run_program.folder / "hang.sh").write_text("echo $$ >> begun\nsleep 600\n")
    rules = gate_yml('if: "queue > 5 for 3s"', gate="  extend: 0", more=more)
    ended = run_program("gate", "watch", "--rules", rules)
    assert (ended.returncode, "was ended after its timeout of 1 s" in ended.stdout) == (3, True), ended.stdout
    begun = (run_program.folder / "begun").read_text().split()
    assert begun
    assert not [pid for pid in begun if "hang.sh" in _command_line(pid)]


def _command_line(pid):
    path = Path(f"/proc/{pid}/cmdline")
    return path.read_text() if path.exists() else ""
