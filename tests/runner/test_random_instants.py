"""A short run of benchmarks/wrapping: signals at random instants cost neither the exit code nor a record."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_no_signal_at_any_instant_costs_the_code_or_the_record():
    line = (sys.executable, "-m", "benchmarks.wrapping", "--runs", "6", "--jobs", "2")
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=480)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("6 runs, 0 wrong, 0 lost") == 3
