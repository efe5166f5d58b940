"""The page about the Python API: its snippets run one after the other in one folder, and print what the page shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/reference/python-api.md"
BLOCKS = re.findall(r"```(python|text)\n(.*?)```", PAGE.read_text(), re.DOTALL)
BETWEEN = "----- the next snippet -----"


@pytest.fixture
def world(world_of):
    """A checkout with a coverage report and a test report, and a service behind the example address."""
    return world_of(PAGE.name)


@pytest.mark.slow  # a gate of 15 s is among them
def test_the_snippets_print_what_the_page_shows(world, tmp_path):
    snippets = [world.real(text) for language, text in BLOCKS if language == "python"]
    expected = [text.strip() for language, text in BLOCKS if language == "text"]
    done = subprocess.run(
        [sys.executable, "-c", f"print({BETWEEN!r}, flush=True)\n".join(snippets)],
        cwd=world.folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)} | world.env,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert [part.strip() for part in done.stdout.split(BETWEEN)] == expected


def test_every_snippet_shows_what_it_prints():
    assert [language for language, _ in BLOCKS] == ["python", "text"] * (len(BLOCKS) // 2)
