"""The prober's process: it outlives nobody, hears no ^C, loses no probe, and is said where it dies."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from ci_reporter.errors import CIReporterError
from ci_reporter.gate.probing.prober import Prober
from ci_reporter.gate.probing.target import Target


def hang(_, over):
    over.wait(10)


@pytest.fixture
def started():
    """Probers that have started, ended with the test."""
    probers = []

    def start(*targets):
        prober = Prober(targets)
        probers.append(prober)
        prober.start()
        return prober

    yield start
    for each in probers:
        each.__exit__(None, None, None)


def target(url, **more):
    return Target(signal="x", url=url, **({"rate": 20.0, "timeout_s": 1.0} | more))


def test_hundreds_hang_and_each_is_told(started, start_nginx, vendor):
    prober = started(target(vendor(hang).url, rate=200), target(start_nginx("return 200 ok;").url, rate=50))
    found = []
    while sum(not each.ok for _, each in found) < 380 or sum(each.ok for _, each in found) < 95:
        time.sleep(0.05)
        found += prober.poll()
    prober.stop()
    found += prober.poll()
    hung = [each for _, each in found if not each.ok]
    well = [each for _, each in found if each.ok]
    assert len(hung) >= 380
    assert {each.reason.partition(" (")[0] for each in hung} == {"timed out after 1 s"}
    assert len(well) >= 95
    assert sorted(each.t for each in hung) == pytest.approx([at / 200 for at in range(len(hung))], abs=1e-3)


def test_every_probe_due_before_the_stop_has_come_after_it(started, vendor):
    prober = started(target(vendor(hang).url, timeout_s=0.5))
    time.sleep(1)
    prober.stop()
    found = [each for _, each in prober.poll()]
    assert prober.settled_s() == pytest.approx(len(found) / 20, abs=1e-6)


def test_letting_go_does_not_wait(started, vendor):
    prober = started(target(vendor(hang).url, timeout_s=60.0))
    begun = time.monotonic()
    prober.stop(wait=False)
    assert time.monotonic() - begun < 10


def test_a_signal_of_the_keyboard_does_not_end_it(started, backend):
    prober = started(target(backend().url, timeout_s=30.0))
    os.kill(prober._process.pid, signal.SIGINT)
    time.sleep(0.3)
    prober.stop()
    assert all(each.ok for _, each in prober.poll())
    assert os.getpgid(0) != prober._process.pid


def test_a_plan_that_cannot_be_read_is_said(capfd):
    prober = Prober([target("http://127.0.0.1:1/")])
    prober._plan = "{}"
    with prober, pytest.raises(CIReporterError, match=r"the prober did not start \(exit code 1\)"):
        prober.start()
    assert "KeyError" in capfd.readouterr().err


PARENT = """
import sys, time
from ci_reporter.gate.probing.prober import Prober
from ci_reporter.gate.probing.target import Target
prober = Prober([Target(signal="x", url=sys.argv[1], rate=20.0, timeout_s=60.0)])
prober.start()
print(prober._process.pid, flush=True)
time.sleep(60)
"""


def test_a_killed_parent_leaves_nobody(vendor, eventually):
    command = [sys.executable, "-c", PARENT, vendor(hang).url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        parent.kill()
    eventually(lambda: not alive(child), what="the prober to end")


def alive(pid):
    with suppress(FileNotFoundError), open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
    return False


def test_it_starts_wherever_modules_come_from(tmp_path, backend, run_program):
    (tmp_path / "work" / "json.py").write_text("raise SystemExit('a stranger')")
    probes = (
        "count = 0\nwhile count < 6: count += len(prober.poll()); time.sleep(0.01)\nprober.stop(); print(count >= 6)"
    )
    code = PARENT.replace("time.sleep(60)", probes)
    command = [sys.executable, "-P", "-c", code, backend().url]
    ended = subprocess.run(command, cwd=tmp_path / "work", capture_output=True, text=True, timeout=30)
    assert ended.stdout.splitlines()[1:] == ["True"], ended.stderr
