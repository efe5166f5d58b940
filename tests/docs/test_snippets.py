"""What the pages show after `$` is run, in one folder a page and against real servers, and must print what they say.

A page's world (`conftest.py`) says which real address stands for each example host, and which files are there.
"""

import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOW_TO = sorted((ROOT / "docs/how-to").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "docs/tutorial.md", ROOT / "docs/reference/hub-api.md", *HOW_TO]


def fences(page, language):
    """(title, text) of every block in that language, without the indentation of a list it stands in."""
    found = re.finditer(rf"^( *)```{language}(?: title=\"([^\"]+)\")?\n(.*?)^ *```", page.read_text(), re.DOTALL | re.M)
    for match in found:
        yield match[2], re.sub(f"^{match[1]}", "", match[3], flags=re.MULTILINE)


def commands(page):
    """(command, expected output) of every console block."""
    for _, block in fences(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            while command.endswith("\\"):
                more, _, output = output.partition("\n")
                command = f"{command}\n{more}"
            yield command, output.strip()


def without_times(text):
    """Times, durations and commit ids differ from run to run."""
    text = re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", re.sub(r" +", " ", text))
    text = re.sub(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    return re.sub(r"(\d+ min )?\d+(\.\d+)? (ms|s)\b", "TIME", text)


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.name)
def test_every_how_to_shows_a_command_that_is_run_here(page):
    assert list(commands(page))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_print_what_the_page_says(page, world_of, tmp_path):
    world = world_of(page.name)
    for title, text in chain.from_iterable(fences(page, language) for language in ("yaml", "python", "sh")):
        if title:
            (world.folder / title).write_text(world.real(text))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(tmp_path), "LANG": "C.UTF-8"} | world.env
    for command, expected in commands(page):
        done = subprocess.run(
            ["bash", "-c", f"{{ {world.real(command)}\n}} 2>&1"],
            cwd=world.folder,
            env=env,
            capture_output=True,
            timeout=280,
        )
        printed = world.shown(done.stdout.decode().strip())
        assert done.returncode == 0, f"{command}\n{printed}"
        if expected:
            assert without_times(printed) == without_times(expected), command
