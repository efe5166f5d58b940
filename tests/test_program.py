"""A call of the program by a fork comes to the same as its start."""

import re
import subprocess
from dataclasses import replace

import pytest

CALLS = {
    "a command's code and streams": ("run", "--", "sh", "-c", "cat; echo said >&2; exit 3"),
    "a signal": ("run", "--", "sh", "-c", "kill -9 $$"),
    "a usage error": ("rnu",),
    "a table": ("summary",),
    "JSON": ("context", "--json"),
    "help": ("gate", "--help"),
}


@pytest.mark.parametrize("words", CALLS.values(), ids=list(CALLS))
def test_a_fork_says_what_a_start_says(run_program, words):
    forked, started = (each(*words, stdin="given\n") for each in (run_program, replace(run_program, forks=None)))
    assert (forked.returncode, shown(forked.stdout)) == (started.returncode, shown(started.stdout))
    assert shown(forked.stderr) == shown(started.stderr)


def shown(text):
    """The text without times and ids."""
    return re.sub(r"[\d.]+ m?s|[0-9a-f-]{20,}|local-\S+", "…", text)


def test_a_fork_has_no_variable_but_those_it_is_given(run_program):
    said = run_program("run", "-q", "--", "env", env={"GIVEN": "ü\udcff"}).stdout
    names = {line.partition("=")[0] for line in said.splitlines()}
    assert {"GIVEN", "HOME", "LANG", "PATH"} <= names
    assert {name for name in names if not name.startswith(("CI_", "TRACEPARENT"))} <= {
        *("GIVEN", "HOME", "LANG", "PATH", "PWD", "SHLVL", "OLDPWD", "_"),
    }


def test_a_fork_that_takes_too_long_is_killed(run_program):
    with pytest.raises(subprocess.TimeoutExpired):
        run_program("run", "--", "sleep", "5", timeout=0.5)
