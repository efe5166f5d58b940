"""The fuzz targets, fed with the same 600 inputs each time; by hand they run as long as one likes (see fuzz/)."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from ci_reporter import coverage, testresults

ROOT = Path(__file__).parents[2]
TARGETS = [("coverage", name) for name in coverage.FORMATS] + [("testresults", name) for name in testresults.FORMATS]


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("atheris"), reason="atheris has no build for this machine")
@pytest.mark.parametrize(("kind", "name"), TARGETS, ids=[f"{kind}-{name}" for kind, name in TARGETS])
def test_a_format_withstands_a_short_fuzzing(kind, name, tmp_path):
    corpus = sorted(path for path in (ROOT / "tests" / kind / "data").iterdir() if path.is_dir())
    target = [sys.executable, str(ROOT / "fuzz" / f"{kind}_target.py"), name]
    limits = ["-runs=600", "-timeout=10", "-rss_limit_mb=1024", "-seed=1"]
    done = subprocess.run([*target, *limits, str(tmp_path), *corpus], cwd=tmp_path, capture_output=True, timeout=280)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
