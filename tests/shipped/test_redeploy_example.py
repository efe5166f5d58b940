"""examples/redeploy: a service that is really redeployed behind a gate, good, slow, and not at all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples/redeploy"
LINE = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \|", re.MULTILINE)


@pytest.fixture
def redeploy(tmp_path):
    """Run the script with these options; it ends with 0 where the gate said what it should have said."""

    def run(*options):
        return subprocess.run(
            [sys.executable, FOLDER / "redeploy.py", "--folder", tmp_path / "site", *options],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=280,
        )

    return run


@pytest.mark.slow
@pytest.mark.timeout(300)  # three gates
def test_the_gate_says_what_it_should_of_three_deploys(redeploy):
    ended = redeploy("--quick")
    assert ended.returncode == 0, ended.stderr
    assert [name for _, name, _ in LINE.findall(ended.stdout)] == ["good", "three times slower", "crashes on start"]


def test_an_unknown_kind_is_refused_with_those_that_are_known(redeploy):
    ended = redeploy("--only", "evil")
    assert (ended.returncode, "no kind 'evil' (known: good, three times slower" in ended.stderr) == (2, True)


@pytest.mark.parametrize("rules", ["gate.yml", "quick.yml"])
def test_its_rules_can_decide(run_program, rules):
    ended = run_program("gate", "lint", str(FOLDER / rules))
    assert (ended.returncode, ended.stdout.endswith("no warnings\n")) == (0, True)


def test_its_page_shows_ten_good_and_ten_bad_deploys_as_expected():
    lines = LINE.findall((FOLDER / "README.md").read_text())
    good = [name for _, name, _ in lines if name.startswith("good")]
    bad = {name for _, name, _ in lines} - set(good)
    assert (len(lines), len(good), len(bad)) == (20, 10, 10)
    assert not [name for _, name, expected in lines if "✗" in expected]
