"""`make demo` from a clean checkout, with nothing but Python."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.slow
def test_demo_records_two_steps_of_one_run(
    tmp_path: Path, tree: Path, base_env: Callable[[Path], dict[str, str]]
) -> None:
    checkout, home = tmp_path / "checkout", tmp_path / "home"
    shutil.copytree(tree, checkout)
    env = {name: text for name, text in base_env(home).items() if name != "PIP_CACHE_DIR"}
    done = subprocess.run(["make", "demo"], cwd=checkout, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    records = [json.loads(line) for line in (checkout / ".demo/state/steps.ndjson").read_text().splitlines()]
    assert [(each["step"], each["result"]) for each in records] == [("pytest", "success"), ("package", "failure")]
    assert len({each["ci_run_id"] for each in records}) == 1
    assert not (home / ".cache").exists()


def test_help_is_what_make_alone_says(root: Path) -> None:
    said = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True).stdout
    assert ("make demo" in said, "make test" in said) == (True, True)
