"""The pages about stamps, held against what they are about."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

from ci_reporter.cli.stamp import command
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import KINDS

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference/stamp.md").read_text()
HOW_TO = (DOCS / "how-to/stamp-an-artifact.md").read_text()
JOB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_RUN_ID": "17012345678",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
}


def rows(section):
    """The first cells of a section's table."""
    part = REFERENCE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)`", part, re.MULTILINE)


def test_the_reference_lists_every_kind_in_the_order_they_are_asked():
    assert rows("Kinds") == list(KINDS)


def test_the_reference_lists_every_field():
    assert rows("What is in a stamp") == list(BuildInfo.__dataclass_fields__)


def test_the_reference_lists_every_option():
    options = [each.opts[0] for each in command.params if each.opts[0].startswith("--")]
    assert [row.split()[0] for row in rows("Options")] == options


def test_the_reference_names_the_variable_of_every_option_that_has_one():
    for each in command.params:
        assert each.envvar is None or f"`{each.envvar}`" in REFERENCE


def test_the_how_to_shows_what_the_program_says(run_program):
    date = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "1769860800 +0000")
    git = ["git", "-C", run_program.folder, "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q", "-b", "main"], ["commit", "-q", "--allow-empty", "-m", "a"], ["tag", "v1.4.0"]):
        subprocess.run([*git, *words], check=True, env=run_program.environment() | date)
    (run_program.folder / "dist").mkdir()
    with zipfile.ZipFile(run_program.folder / "dist/shop.zip", "w") as archive:
        archive.writestr("a", "1")

    blocks = [
        re.sub("^   ", "", each, flags=re.MULTILINE) for each in re.findall(r"```console\n(.*?)   ```", HOW_TO, re.S)
    ]
    assert len(blocks) == 2
    for block in blocks:
        line, _, shown = block.partition("\n")
        done = run_program(*line.removeprefix("$ ci-reporter ").split(), env=JOB)
        assert done.returncode == 0
        assert without_commit(done.stdout + done.stderr) == without_commit(shown)


def without_commit(text):
    return re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", text)
