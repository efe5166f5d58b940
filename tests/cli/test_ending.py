"""A signal ends the program by its `finally`s."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

ENDED = """
import os, sys, time
from ci_reporter.cli.ending import exit_on_signals
from ci_reporter.stamp.atomic import replacement
with exit_on_signals(), replacement(sys.argv[1]) as file:
    file.write(b"new")
    file.flush()
    os.kill(os.getpid(), int(sys.argv[2]))
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_the_old_file_and_nothing_beside_it(tmp_path, number):
    (tmp_path / "a").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", ENDED, tmp_path / "a", str(int(number))], capture_output=True)
    assert (done.returncode, done.stderr) == (128 + number, b"")
    assert ((tmp_path / "a").read_bytes(), os.listdir(tmp_path)) == (b"old", ["a"])


def test_an_ignored_signal_stays_ignored(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + ENDED.replace("time.sleep(60)", "pass")
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a", str(int(signal.SIGHUP))])
    assert (done.returncode, (tmp_path / "a").read_bytes()) == (0, b"new")


_INTERRUPTED = """
import os, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["ci-reporter", "summary"]
from ci_reporter.cli import main
main()
"""


def test_interrupt_while_the_program_starts_shows_no_traceback():
    ended = subprocess.run([sys.executable, "-c", _INTERRUPTED], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")
