"""A stdout that cannot be written to: one line, no traceback, and an exit code that does not say "done"."""

import os
import pty
import subprocess
import sys

import pytest

from ci_reporter.cli import output

PROGRAM = [sys.executable, "-m", "ci_reporter"]


@pytest.mark.parametrize("words", [["summary", "--all"], ["--help"], ["summary", "--help"], ["--version"], ["context"]])
def test_what_was_asked_for_and_cannot_be_written_is_a_failure(run_program, words):
    run_program("run", "--", "true")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, *words], cwd=run_program.folder, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (1, "ci-reporter: cannot write to stdout: No space left on device\n")


@pytest.mark.parametrize("words", [["summary", "--all"], ["--help"]])
def test_a_reader_that_has_gone_is_no_failure(run_program, words):
    run_program("run", "--", "true")
    shell = f"set -o pipefail; {' '.join([*PROGRAM, *words])} | true"
    done = subprocess.run(["bash", "-c", shell], cwd=run_program.folder, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode in (0, 1)  # click ends with 1 where its help has no reader


def test_a_record_that_cannot_be_printed_leaves_the_commands_code(run_program):
    line = ("run", "--json", "-q", "--", "sh", "-c", "exit 3")
    with open("/dev/full", "w") as full, run_program.start(*line, stdout=full) as process:
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (3, b"ci-reporter: cannot write to stdout: No space left on device\n")


@pytest.mark.parametrize(
    ("env", "is_coloured"), [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, False)]
)
def test_a_terminal_has_colours_unless_it_cannot_show_them_or_nobody_wants_them(env, is_coloured):
    ours, theirs = pty.openpty()
    with os.fdopen(ours), os.fdopen(theirs, "w") as terminal:
        assert output.colour(terminal, env) is is_coloured


def test_who_writes_for_ever_ends_with_its_reader():
    program = """
import asyncio, sys
from ci_reporter.cli import output, watch

class Display:
    def show(self, board):
        output.result("a line")

asyncio.run(watch._follow(None, Display(), None))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"a line\n"
        child.stdout.close()
        assert child.wait(60) in (0, 120)
