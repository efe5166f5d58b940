"""The pages say what the code does."""

import re
import textwrap
from pathlib import Path

import pytest

from ci_reporter.cli.health import command
from ci_reporter.health import BuildInfo, reply
from ci_reporter.health.traffic import Build, Traffic

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/reference/health.md").read_text()
HOW_TO = (ROOT / "docs/how-to/answer-the-gate.md").read_text()


def families():
    traffic = Traffic()
    traffic.end("GET", "/", 200, 0.1)
    return [*traffic.collect(), *Build(BuildInfo(version="1")).collect()]


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_every_metric_has_its_line(family):
    sample = next(each for each in family.samples if not each.name.endswith("_bucket"))
    name = sample.name.removesuffix("_count").removesuffix("_sum")
    labels = f"{{{','.join(sample.labels)}}}" if sample.labels else ""
    assert f"| `{name}{labels}` | {family.documentation} |" in REFERENCE


@pytest.mark.parametrize("option", command.params, ids=lambda option: option.name)
def test_every_option_has_its_line(option):
    named = f"{option.opts[0]} {option.metavar}" if option.metavar else option.opts[0]
    assert f"| `{named if named.startswith('-') else named.upper()}` | " in REFERENCE
    assert not option.envvar or f"| `{option.envvar}` |" in REFERENCE


@pytest.mark.parametrize("word", reply._WORDS)
def test_every_word_for_a_status_is_told(word):
    (line,) = [line for line in REFERENCE.splitlines() if line.startswith(f"| `{reply._WORDS[word]}` |")]
    assert word in re.findall(r"\w+", line)


@pytest.mark.parametrize("path", reply._REVISION_PATHS)
def test_every_place_of_a_revision_is_told(path):
    assert f"`{path}`" in REFERENCE


def blocks():
    return [textwrap.dedent(block) for block in re.findall(r" +```python\n(.*?) +```", HOW_TO, re.DOTALL)]


@pytest.mark.parametrize("block", blocks(), ids=range(len(blocks())))
def test_the_how_to_shows_lines_of_examples_that_run(block):
    examples = [path.read_text() for path in (ROOT / "examples/health").rglob("*.py")]
    running = {line.strip() for text in examples for line in text.splitlines()}
    compile(block, "how-to", "exec")
    assert [line for line in block.splitlines() if line and line.strip() not in running] == []
