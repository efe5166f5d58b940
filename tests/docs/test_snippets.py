"""What the pages show after `$` is run, in one folder a page, and must print what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs/tutorial.md", ROOT / "docs/how-to/wrap-a-step.md"]


def sessions(page):
    """(command, expected output) of every console block."""
    for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output.strip()


def without_times(text):
    """Durations and paths differ from run to run."""
    return re.sub(r"\d+(\.\d+)? (ms|s)\b", "TIME", re.sub(r" +", " ", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_print_what_the_page_says(page, tmp_path):
    env = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    found = list(sessions(page))
    assert found
    for command, expected in found:
        done = subprocess.run(
            ["bash", "-c", f"{{ {command}\n}} 2>&1"], cwd=tmp_path, env=env, capture_output=True, timeout=60
        )
        assert done.returncode == 0, command
        if expected:
            assert without_times(done.stdout.decode().strip()) == without_times(expected)
