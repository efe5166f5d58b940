"""The pages about the gate say what the program does."""

import re
from pathlib import Path

import pytest

from ci_reporter.gate import conditions, rulefile
from ci_reporter.gate.lint import warnings

PAGE = (Path(__file__).parents[2] / "docs/reference/gate-rules.md").read_text()


def test_the_example_is_a_file_without_warnings():
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
    assert warnings(rulefile.parse(example.encode(), "gate.yml")) == []


@pytest.mark.parametrize("text", re.findall(r"^\| `([^`]+)` \| (?:more|the same|lat|the err|three|every)", PAGE, re.M))
def test_every_condition_on_the_page_is_one(text):
    assert list(conditions.leaves(conditions.parse(text)))


@pytest.mark.parametrize("key", [*rulefile._RULE, "early_pass", "min_watch"])
def test_every_key_has_its_line(key):
    assert f"`{key}`" in PAGE
