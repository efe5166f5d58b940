"""The fuzz targets, fed with the same 600 inputs each time; by hand they run as long as one likes (see fuzz/)."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from ci_reporter import coverage, testresults

TARGETS = [("coverage", name) for name in coverage.FORMATS] + [("testresults", name) for name in testresults.FORMATS]


LIMITS = ("-runs=600", "-timeout=10", "-rss_limit_mb=1024", "-seed=1")


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("atheris"), reason="atheris has no build for this machine")
@pytest.mark.parametrize(("kind", "name"), TARGETS, ids=[f"{kind}-{name}" for kind, name in TARGETS])
def test_a_format_withstands_a_short_fuzzing(kind, name, make_once):
    def fuzz(folder):
        command = [sys.executable, str(Path(__file__).with_name("each_format.py")), kind, str(folder), *LIMITS]
        subprocess.run(command, check=True, capture_output=True, timeout=280)

    found = make_once(f"fuzz-{kind}", fuzz) / name
    assert (found / "status").read_text() == "0", (found / "log").read_text(errors="replace")[-2000:]
